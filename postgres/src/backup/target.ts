import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { escapeLiteral, type Client } from 'pg';

import { lockKey } from '../advisory-lock.ts';
import { readMigrations, type Migration } from '../migrate/migration-list.ts';
import { BackupError } from './backup-error.ts';
import { nameOf, type Manifest } from './script.ts';
import { readTables } from './snapshot.ts';

/** Longest wait for a service that migrates the schema, in milliseconds. */
const lockPatienceMs = 30_000;

/**
 * The migrations of a backup, from the folder that has them.
 *
 * @throws BackupError if one is not there, or was edited since.
 */
export function migrationsOf({ service, migrations }: Manifest, folder: string): Migration[] {
  const here = new Map(readMigrations(folder).map((migration) => [migration.name, migration]));
  return migrations.map(({ name, checksum }) => {
    const found = here.get(name);
    if (!found)
      throw new BackupError(
        'newer',
        `The backup has the migration ${name} of ${service}, which this release does not have: use the release that made it`,
      );
    if (createHash('sha256').update(found.sql).digest('hex') !== checksum)
      throw new BackupError(
        'newer',
        `The migration ${name} of ${service} was edited since the backup was made`,
      );
    return found;
  });
}

/**
 * Keeps migrations and everyone else away from the schema until the transaction ends.
 *
 * @throws BackupError if a migration does not end, or sessions do not let go of a table, within 30 s.
 */
export async function claimSchema(client: Client, service: string): Promise<void> {
  const key = lockKey(`arcadium:migrate:${service}`);
  for (const startedAt = performance.now(); ; await delay(100)) {
    const { rows } = await client.query<{ ours: boolean }>(
      `SELECT pg_try_advisory_xact_lock(${key}) AS ours`,
    );
    if (rows[0]?.ours) break;
    if (performance.now() - startedAt > lockPatienceMs)
      throw new BackupError('unready', `Another process migrates or restores ${service}: stop it first`);
  }
  const tables = await readTables(client, service);
  if (tables.length === 0) return;
  try {
    await client.query(
      `LOCK TABLE ${tables.map(({ name }) => nameOf(service, name)).join(', ')} IN ACCESS EXCLUSIVE MODE`,
    );
  } catch (cause) {
    if ((cause as { code?: string }).code !== '55P03') throw cause;
    throw new BackupError('unready', `Tables of ${service} are in use: stop the service first`, { cause });
  }
}

/** @throws BackupError with the tables that have rows; the record of migrations does not count. */
export async function requireEmpty(client: Client, service: string): Promise<void> {
  const used: string[] = [];
  for (const { name } of await readTables(client, service)) {
    if (name === '_prisma_migrations') continue;
    const { rows } = await client.query(`SELECT FROM ${nameOf(service, name)} LIMIT 1`);
    if (rows.length > 0) used.push(name);
  }
  if (used.length > 0)
    throw new BackupError(
      'occupied',
      `The schema "${service}" has rows in ${used.join(', ')}: give --replace to replace them with those of the backup`,
    );
}

/**
 * Makes the schema as the migrations leave it, without rows. The schema itself stays, and with it the rights
 * that provisioning granted in it for objects to come.
 */
export async function rebuildSchema(
  client: Client,
  service: string,
  migrations: readonly Migration[],
): Promise<void> {
  await client.query(dropObjects(service));
  await client.query(historyTable(service));
  for (const { name, sql } of migrations) {
    try {
      // In a schema that no one else sees, an index need not be built beside writes, nor could it be here.
      await client.query(sql.replaceAll(/\bINDEX\s+CONCURRENTLY\b/gi, 'INDEX'));
    } catch (cause) {
      const message = `The migration ${name} cannot be applied again: ${(cause as Error).message}`;
      throw new BackupError('unready', message, { cause });
    }
  }
}

/** What belongs to a table goes with it, and what belongs to an extension stays. */
function dropObjects(service: string): string {
  const independent = (catalog: string, oid: string) =>
    `NOT EXISTS (SELECT FROM pg_depend WHERE classid = '${catalog}'::regclass AND objid = ${oid} AND deptype IN ('a', 'i', 'e'))`;
  const schema = escapeLiteral(service);
  return `DO $drop$ DECLARE
      thing record;
      within oid := (SELECT oid FROM pg_namespace WHERE nspname = ${schema});
    BEGIN
    FOR thing IN
      SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
          WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, format('%I.%I', ${schema}, relname) AS name
        FROM pg_class WHERE relnamespace = within AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT relispartition
          AND ${independent('pg_class', 'pg_class.oid')}
      UNION ALL
      SELECT 'ROUTINE', oid::regprocedure::text FROM pg_proc WHERE pronamespace = within
        AND ${independent('pg_proc', 'pg_proc.oid')}
      UNION ALL
      SELECT 'TYPE', format('%I.%I', ${schema}, typname) FROM pg_type WHERE typnamespace = within AND typelem = 0
        AND (typrelid = 0 OR (SELECT relkind = 'c' FROM pg_class WHERE oid = typrelid))
        AND ${independent('pg_type', 'pg_type.oid')}
    LOOP
      BEGIN EXECUTE 'DROP ' || thing.kind || ' ' || thing.name || ' CASCADE';
      EXCEPTION WHEN undefined_object OR undefined_table OR undefined_function THEN NULL; -- went with another
      END;
    END LOOP;
  END $drop$`;
}

/** As Prisma's engine makes it; its rows come from the backup. */
function historyTable(service: string): string {
  return `CREATE TABLE ${nameOf(service, '_prisma_migrations')} (
    id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`;
}
