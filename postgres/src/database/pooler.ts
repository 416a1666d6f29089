import { ConfigError } from '@arcadium/mesh/config';
import type { Client } from 'pg';

/**
 * Refuses a session through a connection pooler such as PgBouncer: session state (LISTEN, advisory locks,
 * startup options) would be lost, or left in a connection for others. A pooler is recognised by its own
 * cancellation key: the process id in it differs from the one that answers.
 *
 * @param setting The setting with the client's URL, such as `DATABASE_URL`.
 * @throws ConfigError with the setting and the remedy.
 * @see https://www.pgbouncer.org/features.html
 */
export async function refusePooler(client: Client, setting: string): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const { processID } = client as unknown as { processID: number };
  if (rows[0]?.pid !== processID) throw poolerError(setting);
}

/** Whether a connection failed because a pooler, unlike PostgreSQL, accepts no startup options. */
export function isPoolerRefusal(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('unsupported startup parameter');
}

/** The error for a setting that leads through a pooler although session state is needed. */
export function poolerError(setting: string): ConfigError {
  return new ConfigError([
    `${setting}: leads to a connection pooler, through which migrations and LISTEN do not work. Set DATABASE_DIRECT_URL and DATABASE_OWNER_URL to PostgreSQL itself; only DATABASE_URL may lead to the pooler ("PgBouncer" in the guide to operations)`,
  ]);
}
