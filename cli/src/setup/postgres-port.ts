import { z } from 'zod';
import type { Environment } from '@arcadium/mesh/config';
import type { EnvFile } from './env-file.ts';

/** Where the embedded PostgreSQL listens unless POSTGRES_PORT says otherwise. */
const defaultPort = 54_320;

const portNumber = z.coerce.number().int().min(1).max(65_535);

/** The settings that name the embedded PostgreSQL. */
const databaseUrls = ['DATABASE_ADMIN_URL', 'DATABASE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_OWNER_URL'];

/**
 * The port of the embedded PostgreSQL: one setting, POSTGRES_PORT, which is
 * written to `.env` where it is missing. A checkout that is older than the
 * setting has its port in DATABASE_ADMIN_URL.
 *
 * @throws Error when it is not a port number.
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

/** Gives the URLs in a file that name the embedded PostgreSQL another port; URLs of other servers stay. */
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

/** Whether two addresses are one, whichever name this machine has in them. */
export function isSameHost(one: string, other: string): boolean {
  return plain(one) === plain(other);
}

/** Its address is one of this machine alone. */
function isOurs({ hostname }: URL): boolean {
  return plain(hostname) === '127.0.0.1';
}

function plain(host: string): string {
  return host.replace(/^(localhost|\[::1\])(?=:|$)/, '127.0.0.1');
}
