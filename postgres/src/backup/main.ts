import { parseArgs } from 'node:util';

import { ConfigError, databaseFields, readConfig, readEnvironment } from '@arcadium/mesh/config';
import type { z } from 'zod';

import { backupServices } from './backup-services.ts';
import { encryptionFrom } from './settings.ts';

// node postgres/src/backup/main.ts --to <folder> [--keep <n>] [--unencrypted] <service>…
//
// Backs up the given services, each from <SERVICE>_DATABASE_OWNER_URL, or else <SERVICE>_DATABASE_URL, encrypted
// for BACKUP_RECIPIENTS or with BACKUP_PASSPHRASE; each can also be given as <NAME>_FILE. Ends with 1 if one failed.

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));

try {
  for await (const { service, durationMs, made, error } of backupServices({
    ...readSettings(),
    signal: stop.signal,
  })) {
    if (made) {
      console.log('backup made', { service, ...made, durationMs });
    } else {
      console.error('backup failed; older backups are kept', { service, error, durationMs });
      process.exitCode = 1;
    }
  }
} catch (error) {
  const message = error instanceof ConfigError || !(error instanceof Error) ? String(error) : error.message;
  console.error(`No backup was made: ${message}`);
  process.exitCode = 1;
}

function readSettings() {
  const { values, positionals } = parseArgs({
    options: {
      to: { type: 'string' },
      keep: { type: 'string' },
      unencrypted: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (positionals.length === 0) throw new Error('name the services to back up, e.g. auth wiki');
  if (values.to === undefined) throw new Error('give the folder for the backups: --to <folder>');
  if (values.keep !== undefined && !/^[1-9]\d{0,5}$/.test(values.keep))
    throw new Error('--keep takes the number of backups of each service to keep, at least 1');
  const environment = readEnvironment([]);
  return {
    services: positionals.map((name) => ({ name, url: urlOf(name, environment) })),
    to: values.to,
    keep: values.keep === undefined ? undefined : Number(values.keep),
    encryption: encryptionFrom(environment, values.unencrypted),
  };
}

function urlOf(service: string, environment: ReturnType<typeof readEnvironment>): string {
  const prefix = service.toUpperCase().replaceAll('-', '_');
  const fields: Record<string, z.ZodType<string | undefined>> = {
    [`${prefix}_DATABASE_OWNER_URL`]: databaseFields.DATABASE_OWNER_URL,
    [`${prefix}_DATABASE_URL`]: databaseFields.DATABASE_URL.optional(),
  };
  const settings = readConfig(fields, environment);
  const url = settings[`${prefix}_DATABASE_OWNER_URL`] ?? settings[`${prefix}_DATABASE_URL`];
  if (url === undefined) throw new ConfigError([`${prefix}_DATABASE_OWNER_URL: is not set`]);
  return url;
}
