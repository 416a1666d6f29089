import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readEnvironment, type Environment } from '@arcadium/mesh/config';
import { serviceNames, urlSetting } from '../workspace.ts';

/** PostgreSQL's address among the containers. */
const databaseHost = 'postgres:5432';

/** Settings that name a database. */
const databaseUrl = /^DATABASE_(ADMIN_|OWNER_)?URL$/;

/**
 * Writes what docker-compose.yml reads, out of what set-up made for the
 * checkout: one file a secret in `docker/secrets/`, with the database's address
 * as containers see it, and the published ports in `docker/.env`. Containers
 * and `npm run dev` so have the same keys, tokens and passwords; only what
 * differs is written.
 *
 * @returns The files written, from the root of the repository.
 */
export function writeComposeEnvironment(root: string): string[] {
  const read = (...folder: string[]) => readEnvironment([join(root, ...folder)], {});
  const shared = read();
  const database = read('prisma');
  const files = new Map([
    ['docker/.env', portLines(root, shared)],
    ['docker/secrets/PUBLIC_KEYS', valueOf('PUBLIC_KEYS', shared)],
    ['docker/secrets/postgres/DATABASE_ADMIN_URL', valueOf('DATABASE_ADMIN_URL', database)],
    ['docker/secrets/postgres/POSTGRES_PASSWORD', passwordOf(valueOf('DATABASE_ADMIN_URL', database))],
  ]);
  for (const service of serviceNames(root)) {
    const own = read('services', service);
    for (const name of Object.keys(own)) {
      const setting = name.replace(/_FILE$/, '');
      files.set(`docker/secrets/${service}/${setting}`, valueOf(setting, own));
    }
  }
  // A container's account is another one than that of who runs this, so the
  // files can be read by all, and the folder keeps others of this machine out.
  mkdirSync(join(root, 'docker', 'secrets'), { recursive: true, mode: 0o700 });
  chmodSync(join(root, 'docker', 'secrets'), 0o700);
  return [...files].filter(([path, text]) => writeChanged(join(root, path), text)).map(([path]) => path);
}

function valueOf(name: string, settings: Environment): string {
  const file = settings[`${name}_FILE`];
  const value = settings[name] ?? (file === undefined ? '' : readFileSync(file, 'utf8').trim());
  if (!databaseUrl.test(name)) return value;
  const url = new URL(value);
  url.host = databaseHost;
  return url.href;
}

function passwordOf(url: string): string {
  return decodeURIComponent(new URL(url).password);
}

function portLines(root: string, shared: Environment): string {
  const lines = serviceNames(root).flatMap((service) => {
    const { port } = new URL(shared[urlSetting(service)] ?? 'http://localhost');
    return port === '' ? [] : [`${urlSetting(service).replace('SERVICE_URL', 'PORT')}=${port}`];
  });
  return `# Made by \`npm run compose\` from the URLs in .env\n${lines.join('\n')}\n`;
}

function writeChanged(path: string, text: string): boolean {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return false;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: 0o444 });
  renameSync(draft, path);
  return true;
}
