import { ConfigError } from '@arcadium/mesh/config';
import type { Client } from 'pg';

/**
 * Refuses a session that goes through a connection pooler, as PgBouncer: what needs a session of its own (LISTEN,
 * advisory locks, startup options) is lost there, or left behind in a connection that others are lent. A pooler shows
 * itself by the key for cancellations, which is its own: the process that it names is not the one that answers.
 *
 * @param setting Where the client's URL came from, as `DATABASE_URL`.
 * @throws ConfigError that names the setting and the remedy.
 * @see https://www.pgbouncer.org/features.html
 */
export async function refusePooler(client: Client, setting: string): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const { processID } = client as unknown as { processID: number };
  if (rows[0]?.pid !== processID) throw poolerError(setting);
}

/** Whether a connection failed because a pooler, unlike PostgreSQL, takes no startup options. */
export function isPoolerRefusal(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('unsupported startup parameter');
}

/** What a service is told that is to do through a pooler what takes a session of its own. */
export function poolerError(setting: string): ConfigError {
  return new ConfigError([
    `${setting}: leads to a connection pooler, through which migrations and LISTEN do not work. Set DATABASE_DIRECT_URL and DATABASE_OWNER_URL to PostgreSQL itself; only DATABASE_URL may lead to the pooler (docs/operations.md, "PgBouncer")`,
  ]);
}
