import { ConfigError, databaseFields, readConfig, readEnvironment } from '@arcadium/mesh/config';
import type { z } from 'zod';

import type { Logger } from '../logger.ts';
import { provision, type ProvisionedService } from './provision.ts';

// node postgres/src/provision/main.ts <service>…
//
// Creates the database, the schemas and the roles of the given services on the
// server of DATABASE_ADMIN_URL, and ends. For each service,
// <SERVICE>_DATABASE_URL and <SERVICE>_DATABASE_OWNER_URL define what to create;
// each can also be given as <NAME>_FILE.

const log: Logger = {
  info: (fields, message) => console.log(message, fields),
  warn: (fields, message) => console.warn(message, fields),
  error: (fields, message) => console.error(message, fields),
};

try {
  await provision({ ...readSettings(process.argv.slice(2)), log });
} catch (error) {
  console.error(`Provisioning failed: ${explain(error)}`);
  process.exitCode = 1;
}

function readSettings(names: string[]): { adminUrl: string; services: ProvisionedService[] } {
  if (names.length === 0) throw new Error('name the services to provision for, e.g. auth wiki');
  const wanted = names.map((name) => {
    const prefix = name.toUpperCase().replaceAll('-', '_');
    return { name, url: `${prefix}_DATABASE_URL`, ownerUrl: `${prefix}_DATABASE_OWNER_URL` };
  });
  const fields: Record<string, z.ZodType<string | undefined>> = {
    DATABASE_ADMIN_URL: databaseFields.DATABASE_URL,
  };
  for (const { url, ownerUrl } of wanted) {
    fields[url] = databaseFields.DATABASE_URL;
    fields[ownerUrl] = databaseFields.DATABASE_OWNER_URL;
  }
  const settings = readConfig(fields, readEnvironment([]));
  return {
    adminUrl: settings['DATABASE_ADMIN_URL'] ?? '',
    services: wanted.map(({ name, url, ownerUrl }) => ({
      name,
      url: settings[url] ?? '',
      ownerUrl: settings[ownerUrl],
    })),
  };
}

function explain(error: unknown): string {
  if (error instanceof ConfigError || !(error instanceof Error)) return String(error);
  const wrongPassword = 'code' in error && error.code === '28P01';
  return wrongPassword
    ? `${error.message}: this PostgreSQL has a different superuser password than DATABASE_ADMIN_URL. Set that password, or delete its data if you do not need it`
    : error.message;
}
