import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { endpoints, envFileName, portOf, readEnvironment, type Environment } from '@arcadium/mesh/config';
import { isSameHost } from '../setup/postgres-port.ts';
import { serviceNames, urlSetting } from '../workspace.ts';

/** PostgreSQL's address in the containers' network; what connects verifies that it is this server. */
const databaseHost = 'postgres:5432';
const verified = { sslmode: 'verify-full', sslrootcert: '/run/tls/ca.crt' };

const databaseUrl = /^DATABASE_(OWNER_|DIRECT_)?URL$/;

/**
 * Writes the files that docker-compose.yml reads, from the settings of the checkout: one file per secret in
 * `docker/secrets/`, with the database's address in the containers' network, and the published ports in
 * `docker/.env`. So containers and `npm run dev` have the same keys, tokens and passwords. Files that are up
 * to date are not written.
 *
 * @param environment Its ENVIRONMENT selects the files to read.
 * @returns The written files, relative to the repository.
 * @throws Error with the file and the invalid setting.
 */
export function writeComposeEnvironment(root: string, environment: Environment = {}): string[] {
  const { ENVIRONMENT } = environment;
  const open = (...folder: string[]): Settings => ({
    file: join(...folder, envFileName(environment)),
    folder: join(root, ...folder),
    values: readEnvironment([join(root, ...folder)], { ENVIRONMENT }),
  });
  const shared = open();
  const admin = readAdmin(open('prisma'));
  const files = new Map([
    ['docker/.env', portLines(root, shared)],
    ['docker/secrets/PUBLIC_KEYS', valueOf('PUBLIC_KEYS', shared)],
    ['docker/secrets/postgres/DATABASE_ADMIN_URL', inNetwork(admin)],
    ['docker/secrets/postgres/POSTGRES_PASSWORD', decodeURIComponent(admin.password)],
  ]);
  for (const service of serviceNames(root)) {
    const own = open('services', service);
    const names = Object.keys(own.values).filter((name) => name !== 'ENVIRONMENT');
    for (const setting of names.map((name) => name.replace(/_FILE$/, ''))) {
      const value = databaseUrl.test(setting) ? roleUrl(setting, own, admin) : valueOf(setting, own);
      files.set(`docker/secrets/${service}/${setting}`, value);
    }
  }
  // The containers run as another user, so the files must be readable for all; the folder protects them from
  // other users of this machine.
  const secrets = join(root, 'docker', 'secrets');
  mkdirSync(secrets, { recursive: true, mode: 0o700 });
  chmodSync(secrets, 0o700);
  return [...files].filter(([path, text]) => writeChanged(join(root, path), text)).map(([path]) => path);
}

/** The contents of one `.env`; `file` is for messages. */
interface Settings {
  readonly file: string;
  readonly folder: string;
  readonly values: Environment;
}

function valueOf(name: string, { file, folder, values }: Settings): string {
  const path = values[`${name}_FILE`];
  if (values[name] !== undefined || path === undefined) return values[name] ?? '';
  try {
    return readFileSync(resolve(folder, path), 'utf8').trim();
  } catch (cause) {
    throw new Error(`${file}: ${name}_FILE names a file that cannot be read`, { cause });
  }
}

/** The superuser in the container is `postgres`, with the password of the development database. */
function readAdmin(settings: Settings): URL {
  const url = readUrl('DATABASE_ADMIN_URL', settings);
  if (url.username === 'postgres' && url.password !== '') return url;
  throw new Error(
    `${settings.file}: for containers, DATABASE_ADMIN_URL must have the role postgres and a password`,
  );
}

/** The URL of a role in the containers' database. */
function roleUrl(name: string, settings: Settings, admin: URL): string {
  const url = readUrl(name, settings);
  if (isSameHost(url.host, admin.host)) return inNetwork(url);
  const other = `${settings.file}: ${name} names another server than DATABASE_ADMIN_URL in prisma/.env`;
  throw new Error(
    `${other}, but the containers bring their own PostgreSQL. Remove the setting to run them, or write a compose file of your own`,
  );
}

function readUrl(name: string, settings: Settings): URL {
  const url = URL.parse(valueOf(name, settings));
  if (!url || !isDecodable(url.password)) throw new Error(`${settings.file}: ${name} is not a URL`);
  return url;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function inNetwork(url: URL): string {
  const moved = new URL(url);
  moved.host = databaseHost;
  for (const [name, value] of Object.entries(verified)) moved.searchParams.set(name, value);
  return moved.href;
}

function portLines(root: string, shared: Settings): string {
  const lines = serviceNames(root).flatMap((service) => {
    const setting = urlSetting(service);
    const url = shared.values[setting];
    if (url === undefined) return [];
    const { data, error } = endpoints.safeParse(url);
    if (!data) throw new Error(`${shared.file}: ${setting} ${error.issues[0]?.message ?? ''}`);
    return [`${setting.replace('SERVICE_URL', 'PORT')}=${portOf(data[0])}`];
  });
  return `# Made by \`npm run compose\` from the URLs in .env\n${lines.join('\n')}\n`;
}

function writeChanged(path: string, text: string): boolean {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return false;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, text);
  // Set separately, because the umask limits the mode at creation.
  chmodSync(draft, 0o444);
  renameSync(draft, path);
  return true;
}
