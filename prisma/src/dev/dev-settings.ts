import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

import type { ProvisionedService } from '../provision.ts';

/** What `dev.ts` is to do, read once at start. */
export type DevSettings =
  | { kind: 'embedded'; adminUrl: string; port: number; password: string; services: ProvisionedService[] }
  | { kind: 'external'; url: string; schemas: string[] };

/** Port of the development database when no setting names one. */
const defaultPort = 54_320;

/**
 * Reads the process's environment, `prisma/.env` and every `services/<name>/.env`.
 *
 * `DATABASE_URL` in the process's environment means a database that is there
 * already; every service sees it too, so they all use its role.
 *
 * @param root The folder that holds `prisma/` and `services/`.
 * @throws Error when no admin URL is set.
 */
export function readDevSettings(environment: NodeJS.ProcessEnv, root: string): DevSettings {
  const url = environment['DATABASE_URL'];
  if (url) return { kind: 'external', url, schemas: readServices(root).map(({ name }) => name) };
  const file = join(root, 'prisma', '.env');
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  const adminUrl = environment['DATABASE_ADMIN_URL'] ?? fromFile['DATABASE_ADMIN_URL'];
  if (!adminUrl) {
    throw new Error(`${file} has no DATABASE_ADMIN_URL: run "npm run setup", which writes it`);
  }
  const { password, port } = new URL(adminUrl);
  return {
    kind: 'embedded',
    adminUrl,
    port: Number(port || defaultPort),
    password: decodeURIComponent(password),
    services: readServices(root),
  };
}

/** The services whose `.env` has a DATABASE_URL. */
function readServices(root: string): ProvisionedService[] {
  const folder = join(root, 'services');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const file = join(folder, name, '.env');
      if (!existsSync(file)) return [];
      const url = parseEnv(readFileSync(file, 'utf8'))['DATABASE_URL'];
      return url ? [{ name, url }] : [];
    });
}
