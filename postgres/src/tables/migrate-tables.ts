import type { Client } from 'pg';

import { lockKey } from '../advisory-lock.ts';
import { DatabaseClient } from '../database/client.ts';
import { pooledConfig } from '../database/session.ts';
import { checkSchema, defaultSchema, tableName } from '../sql/sql-database.ts';
import {
  grantsSql,
  migrationSql,
  tablesMigrations,
  tablesSql,
  tablesVersion,
  versionsSql,
  versionsTable,
} from './migrations.ts';

/** Options of {@link migrateTables}. */
export interface MigrateTablesOptions {
  /** `postgres://role:password@host:port/database`, with a role that may create tables in the schema. */
  url: string;
  /** Created if it does not exist, which takes the right CREATE on the database. @default 'arcadium' */
  schema?: string;
  /** A role that gets the rights which a service needs: to read and write rows. @default none */
  grantTo?: string;
  /** Changes nothing. @default false */
  dryRun?: boolean;
  /** Longest wait for a connection, and for another process that is migrating, in milliseconds. @default 60000 */
  waitMs?: number;
}

/** What a migration did, or would do. */
export interface MigratedTables {
  /** The version before; 0 if there were no tables. */
  from: number;
  /** The version after. Higher than this release knows if a newer one has been here, which is fine. */
  to: number;
  /** What was executed, or would be; empty if there is nothing to do. */
  sql: string;
}

/**
 * Creates the tables of this package in a schema of your database, or upgrades them, in one transaction. Several
 * processes may do it at once: one works, the others wait and find nothing to do.
 *
 * @throws TypeError if the schema's name is not usable; the error of PostgreSQL, after which nothing has changed.
 *
 * @example
 * await migrateTables({ url: process.env.DATABASE_OWNER_URL, schema: 'arcadium', grantTo: 'shop_app' });
 */
export async function migrateTables(options: MigrateTablesOptions): Promise<MigratedTables> {
  const { url, waitMs = 60_000, dryRun = false } = options;
  const schema = checkSchema(options.schema ?? defaultSchema);
  const client = new DatabaseClient(pooledConfig(url, waitMs));
  client.on('error', () => {}); // the statement in progress fails with it
  await client.connect();
  try {
    await client.query('BEGIN');
    // Everything here ends with the transaction, so it works through a pooler too.
    await client.query(`SET LOCAL lock_timeout = ${Math.max(1, Math.ceil(waitMs))}`);
    await client.query(`SELECT pg_advisory_xact_lock(${lockKey(`arcadium:tables:${schema}`)})`);
    const { exists, from } = await currentVersion(client, schema);
    const grant = options.grantTo === undefined ? '' : grantsSql(schema, options.grantTo);
    const sql = [upgradeSql(schema, { exists, from }), grant].filter(Boolean).join('\n\n');
    if (sql && !dryRun) await client.query(sql);
    await client.query(dryRun ? 'ROLLBACK' : 'COMMIT');
    return { from, to: Math.max(from, tablesVersion), sql };
  } finally {
    await client.end().catch(() => {});
  }
}

type Current = Readonly<{ exists: boolean; from: number }>;

async function currentVersion(client: Client, schema: string): Promise<Current> {
  const versions = tableName(schema, versionsTable);
  const { rows } = await client.query<{ exists: boolean; versioned: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1) AS exists, to_regclass($2) IS NOT NULL AS versioned`,
    [schema, versions],
  );
  const { exists = false, versioned = false } = rows[0] ?? {};
  if (!versioned) return { exists, from: 0 };
  const found = await client.query<{ version: number }>(
    `SELECT coalesce(max(version), 0) AS version FROM ${versions}`,
  );
  return { exists, from: found.rows[0]?.version ?? 0 };
}

function upgradeSql(schema: string, { exists, from }: Current): string {
  if (!exists) return tablesSql({ schema });
  const steps = tablesMigrations.filter(({ version }) => version > from);
  // Not CREATE SCHEMA IF NOT EXISTS: it takes the right to create one, even if it is there.
  const versions = from === 0 ? [versionsSql(schema)] : [];
  return [...versions, ...steps.map((migration) => migrationSql(schema, migration))].join('\n\n');
}
