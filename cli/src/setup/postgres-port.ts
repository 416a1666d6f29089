import { z } from 'zod';
import type { Environment } from '@arcadium/mesh/config';
import type { EnvFile } from './env-file.ts';

/** Port of the embedded PostgreSQL, unless POSTGRES_PORT sets another. */
const defaultPort = 54_320;

const portNumber = z.coerce.number().int().min(1).max(65_535);

/** The settings with URLs of the embedded PostgreSQL. */
const databaseUrls = ['DATABASE_ADMIN_URL', 'DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_OWNER_URL'];

/**
 * The port of the embedded PostgreSQL, from POSTGRES_PORT, which is written to `.env` if missing. In a
 * checkout older than that setting, the port is in DATABASE_ADMIN_URL.
 *
 * @throws Error if it is not a port number.
 */
export function postgresPort(shared: EnvFile, database: EnvFile, environment: Environment): number {
  const present = URL.parse(database.get('DATABASE_ADMIN_URL') ?? '')?.port;
  shared.add({
    name: 'POSTGRES_PORT',
    value: present || String(defaultPort),
    comment: 'The port of the embedded PostgreSQL',
  });
  const set = environment['POSTGRES_PORT'] || shared.get('POSTGRES_PORT');
  const { data: port } = portNumber.safeParse(set);
  if (port === undefined) throw new Error(`${shared.path}: POSTGRES_PORT must be a port, 1 to 65535`);
  return port;
}

/** Changes the port in a file's URLs of the embedded PostgreSQL; URLs of other servers stay. */
export function movePort(file: EnvFile, embedded: string, port: number): void {
  for (const name of databaseUrls) {
    const url = URL.parse(file.get(name) ?? '');
    if (!url || !isSameHost(url.host, embedded) || !isOurs(url) || url.port === String(port)) continue;
    if (file.get(`${name}_FILE`) !== undefined) {
      throw new Error(
        `${file.path}: ${name}_FILE names a file whose URL has port ${url.port}; POSTGRES_PORT is ${port}`,
      );
    }
    url.port = String(port);
    file.replace(name, url.href);
  }
}

/** Whether two addresses are the same, also if they use different names of this machine. */
export function isSameHost(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

/** Whether its address is one of this machine. */
function isOurs({ hostname }: URL): boolean {
  return plain(hostname) === '127.0.0.1';
}

function plain(host: string): string {
  return host.replace(/^(localhost|\[::1\])(?=:|$)/, '127.0.0.1');
}
