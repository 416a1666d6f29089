import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { databaseFields, readConfig, readEnvironment, type Environment } from '@arcadium/mesh/config';

import type { ProvisionedService } from '@arcadium/postgres/provision';

/** The settings of the development database, read at start. */
export type DevSettings =
  | { kind: 'embedded'; adminUrl: string; port: number; password: string; services: ProvisionedService[] }
  | { kind: 'external'; url: string; schemas: string[] };

/** Default port of the development database. */
const defaultPort = 54_320;

const adminField = { DATABASE_ADMIN_URL: databaseFields.DATABASE_OWNER_URL };
const serviceFields = {
  DATABASE_URL: databaseFields.DATABASE_URL.optional(),
  DATABASE_DIRECT_URL: databaseFields.DATABASE_DIRECT_URL,
  DATABASE_OWNER_URL: databaseFields.DATABASE_OWNER_URL,
};

/**
 * Reads the environment, `prisma/.env` and every `services/<name>/.env`.
 *
 * `DATABASE_URL` in the environment means an existing database; every service gets it too, so all use its
 * role.
 *
 * @param root The folder with `prisma/` and `services/`.
 * @throws Error if no admin URL is set; ConfigError if one is invalid.
 */
export function readDevSettings(environment: Environment, root: string): DevSettings {
  const { DATABASE_URL, DATABASE_DIRECT_URL: url = DATABASE_URL } = readConfig(
    serviceFields,
    readEnvironment([], environment),
  );
  if (url !== undefined)
    return { kind: 'external', url, schemas: readServices(environment, root).map(({ name }) => name) };
  const folder = join(root, 'prisma');
  const { DATABASE_ADMIN_URL: adminUrl } = readConfig(adminField, readEnvironment([folder], environment));
  if (adminUrl === undefined) {
    throw new Error(`${folder}/.env has no DATABASE_ADMIN_URL: run "npm run setup", which writes it`);
  }
  const { password, port } = new URL(adminUrl);
  return {
    kind: 'embedded',
    adminUrl,
    port: Number(port || defaultPort),
    password: decodeURIComponent(password),
    services: readServices(environment, root),
  };
}

/** The services whose `.env` has a DATABASE_URL. */
function readServices({ ENVIRONMENT }: Environment, root: string): ProvisionedService[] {
  const folder = join(root, 'services');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const own = readEnvironment([join(folder, name)], { ENVIRONMENT });
      const settings = readConfig(serviceFields, own);
      // Nothing is provisioned through a pooler.
      const {
        DATABASE_URL,
        DATABASE_DIRECT_URL: url = DATABASE_URL,
        DATABASE_OWNER_URL: ownerUrl,
      } = settings;
      return url === undefined ? [] : [{ name, url, ownerUrl }];
    });
}
