import { isDeepStrictEqual } from 'node:util';

import { Client } from 'pg';

import { refusePooler } from '../database/pooler.ts';
import { connectionConfig } from '../database/session.ts';
import { BackupError } from './backup-error.ts';
import { formatVersion, nameOf, type Manifest } from './script.ts';

/** Longest wait for a table that a migration has locked, in milliseconds. */
const lockPatienceMs = 30_000;

/** Connects for a transaction of any length. The caller ends the client. */
export async function connectTo(url: string, service: string): Promise<Client> {
  const client = new Client(connectionConfig(url, service, 5_000));
  client.on('error', () => {}); // the running query reports it
  await client.connect();
  try {
    await refusePooler(client, 'DATABASE_OWNER_URL');
    // A role may have limits that suit calls of users.
    await client.query(
      `SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = ${lockPatienceMs}`,
    );
    const { rows } = await client.query<{ known: boolean }>(
      "SELECT count(*) > 0 AS known FROM pg_settings WHERE name = 'transaction_timeout'",
    );
    if (rows[0]?.known) await client.query('SET transaction_timeout = 0'); // since PostgreSQL 17
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

/**
 * Begins a transaction that sees one state of the service's tables, and describes them. They are locked
 * against changes of their structure, not against reads and writes.
 *
 * @throws BackupError if the schema has no tables, or a migration was interrupted.
 */
export async function beginSnapshot(client: Client, service: string): Promise<Manifest> {
  for (let attempt = 1; ; attempt += 1) {
    // Locks come before the snapshot: a migration in between would be seen in part.
    const before = await readTables(client, service);
    if (before.length === 0)
      throw new BackupError('unready', `The schema "${service}" does not exist or has no tables`);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const names = before.map(({ name }) => nameOf(service, name)).join(', ');
    try {
      await client.query(`LOCK TABLE ${names} IN ACCESS SHARE MODE`);
    } catch (error) {
      if (attempt >= 3 || (error as { code?: string }).code !== '42P01') throw error;
      await client.query('ROLLBACK'); // one was dropped meanwhile
      continue;
    }
    const tables = await readTables(client, service);
    if (isDeepStrictEqual(before, tables)) return describe(client, service, tables);
    if (attempt >= 3) throw new BackupError('unready', `The tables of ${service} keep changing`);
    await client.query('ROLLBACK');
  }
}

async function describe(client: Client, service: string, tables: Manifest['tables']): Promise<Manifest> {
  const { rows } = await client.query<{ at: Date; server: string }>(
    "SELECT now() AS at, split_part(current_setting('server_version'), ' ', 1) AS server",
  );
  return {
    format: formatVersion,
    service,
    createdAt: (rows[0]?.at ?? new Date()).toISOString(),
    server: rows[0]?.server ?? '',
    migrations: await readMigrationsOf(client, service),
    tables,
    sequences: await readSequences(client, service),
  };
}

/**
 * The tables whose rows are kept. An unlogged table is not: PostgreSQL itself empties it after a crash.
 * A generated column is not, because it cannot be written.
 */
export async function readTables(client: Client, service: string): Promise<Manifest['tables']> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `SELECT c.relname::text AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = to_regnamespace(quote_ident($1)) AND c.relkind = 'r' AND c.relpersistence = 'p'
       AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
       AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
     GROUP BY c.oid ORDER BY c.relname COLLATE "C"`,
    [service],
  );
  return rows;
}

/**
 * A sequence does not belong to a snapshot. Read after it was taken, it is past every value that the snapshot
 * has, which is all that counts.
 */
async function readSequences(client: Client, service: string): Promise<Manifest['sequences']> {
  const { rows: names } = await client.query<{ name: string }>(
    `SELECT relname::text AS name FROM pg_class
     WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relkind = 'S' ORDER BY relname COLLATE "C"`,
    [service],
  );
  const sequences = [];
  for (const { name } of names) {
    const { rows } = await client.query<{ value: string; called: boolean }>(
      `SELECT last_value::text AS value, is_called AS called FROM ${nameOf(service, name)}`,
    );
    for (const state of rows) sequences.push({ name, ...state });
  }
  return sequences;
}

async function readMigrationsOf(client: Client, service: string): Promise<Manifest['migrations']> {
  const history = nameOf(service, '_prisma_migrations');
  const { rows: found } = await client.query('SELECT WHERE to_regclass($1) IS NOT NULL', [history]);
  if (found.length === 0)
    throw new BackupError('unready', `The schema "${service}" has no record of migrations`);
  const { rows } = await client.query<{ name: string; checksum: string; done: boolean }>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS done
     FROM ${history} WHERE rolled_back_at IS NULL ORDER BY migration_name COLLATE "C"`,
  );
  const interrupted = rows.find(({ done }) => !done);
  if (interrupted)
    throw new BackupError(
      'unready',
      `The migration ${interrupted.name} of ${service} was interrupted; start the service, which applies it again`,
    );
  return rows.map(({ name, checksum }) => ({ name, checksum }));
}
