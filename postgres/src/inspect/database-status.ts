import type { Client } from 'pg';

import { DatabaseClient } from '../database/client.ts';
import { describeDatabaseError } from '../database/database-errors.ts';
import { connectionConfig } from '../database/session.ts';
import { compareHistory, readHistory, type HistoryDifference } from '../migrate/history.ts';
import { readMigrations } from '../migrate/migration-list.ts';
import { findObstacle, type DatabaseUse } from '../migrate/obstacle.ts';

/** Longest wait for a connection, and for an answer, in milliseconds. */
const patienceMs = 5_000;

/** The state of a service's database. What cannot be read is `null`. */
export interface DatabaseStatus {
  service: string;
  /** Whether PostgreSQL accepts the role of `DATABASE_OWNER_URL`. */
  reachable: boolean;
  /** What the service would wait for at its start, in words; `null` if nothing. */
  problem: string | null;
  /** Whether the schema exists. */
  schema: boolean | null;
  /** `applied`: those of this version that the schema has, oldest first. */
  migrations: (HistoryDifference & { applied: string[] }) | null;
  /** Tables and indexes of the schema, in bytes. */
  bytes: number | null;
  /** Connections of clients to the server: of the service's roles, of all, and the most that roles without special rights may have. */
  connections: { service: number; all: number; most: number } | null;
}

/**
 * Reads the state of a service's database. Changes nothing, and never waits for a migration.
 *
 * @param use With the folder of the service's migrations, absolute.
 * @throws ConfigError if a URL that must lead to PostgreSQL itself leads to a connection pooler.
 */
export async function databaseStatus(use: DatabaseUse & { folder: string }): Promise<DatabaseStatus> {
  const { service, url } = use;
  const obstacle = await findObstacle(use);
  const client = new DatabaseClient({
    ...connectionConfig(url, service, patienceMs),
    query_timeout: patienceMs,
  });
  client.on('error', () => {}); // the running query reports it
  const unread = { schema: null, migrations: null, bytes: null, connections: null };
  try {
    await client.connect();
  } catch (error) {
    const problem = obstacle?.reason ?? describeDatabaseError(error);
    return { service, reachable: false, problem, ...unread };
  }
  try {
    const read = await readAll(client, use);
    return { service, reachable: true, problem: obstacle?.reason ?? null, ...read };
  } catch (error) {
    return { service, reachable: true, problem: describeDatabaseError(error), ...unread };
  } finally {
    await client.end().catch(() => {});
  }
}

const figures = `
  SELECT to_regnamespace(quote_ident($1)) IS NOT NULL AS schema,
    (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 FROM pg_class c
      WHERE c.relnamespace = to_regnamespace(quote_ident($1)) AND c.relkind IN ('r', 'm')) AS bytes,
    count(*) FILTER (WHERE usename = ANY ($2))::int AS service,
    count(*)::int AS all,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true), '0')::int AS most
  FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;

interface Figures {
  schema: boolean;
  bytes: number;
  service: number;
  all: number;
  most: number;
}

async function readAll(client: Client, { service, trafficUrl, folder }: DatabaseUse & { folder: string }) {
  const roles = [
    client.user,
    trafficUrl === undefined ? undefined : new DatabaseClient({ connectionString: trafficUrl }).user,
  ];
  const { rows } = await client.query<Figures>(figures, [
    service,
    roles.filter((role) => role !== undefined),
  ]);
  const { schema = false, bytes = 0, ...connections } = rows[0] ?? { service: 0, all: 0, most: 0 };
  return { schema, migrations: await compare(client, service, folder), bytes, connections };
}

async function compare(client: Client, service: string, folder: string) {
  const ours = readMigrations(folder);
  const difference = compareHistory(await readHistory(client, service), ours);
  const pending = new Set(difference.pending);
  return { applied: ours.map(({ name }) => name).filter((name) => !pending.has(name)), ...difference };
}
