import type { Client } from 'pg';

import { findObstacle, type DatabaseUse } from '../migrate/obstacle.ts';
import { keepHistory } from '../provision/grants.ts';
import { BackupError } from './backup-error.ts';
import { openBackup } from './backup-file.ts';
import { loadRows } from './load.ts';
import { ScriptReader } from './script-reader.ts';
import { unseal } from './seal.ts';
import { connectTo } from './snapshot.ts';
import { claimSchema, migrationsOf, rebuildSchema, requireEmpty } from './target.ts';
import { verify, type ReadBackup, type VerifyOptions } from './verify.ts';

/** Options of {@link restore}. */
export interface RestoreOptions extends VerifyOptions, DatabaseUse {
  /** Folder of its migrations, absolute: `<name>/migration.sql` for each. */
  folder: string;
  /** Whether rows in the schema are replaced by those of the backup. @default false, they are refused */
  replace?: boolean;
}

/**
 * Restores a service from a backup: makes its schema as the migrations of the backup leave it, and fills it.
 * All of it is one transaction, so another session sees the schema as it was, or as it was backed up, and a
 * failure changes nothing. Stop the service before, and start it afterwards: it applies later migrations.
 *
 * @throws BackupError if the backup is damaged, cannot be opened, is of another service or of a later
 * release, or the schema has rows; PostgreSQL's error if a connection or a statement fails.
 *
 * @example
 * await restore({ service: 'wiki', url: ownerUrl, folder, from: '/backups', open: { identities } });
 */
export async function restore(options: RestoreOptions): Promise<ReadBackup> {
  const { service, url, trafficUrl, folder, from, open, replace = false } = options;
  const obstacle = await findObstacle(options);
  if (obstacle) throw new BackupError('unready', `The database is not ready: ${obstacle.reason}`);
  // All of it is read before anything is locked, and compared again while it is loaded.
  const { path } = await verify({ service, from, open });
  const { file } = await openBackup(path, service);
  const reader = new ScriptReader(unseal(file, open));
  let client: Client | undefined;
  try {
    const manifest = await reader.manifest(service);
    const migrations = migrationsOf(manifest, folder);
    client = await connectTo(url, service);
    await client.query('BEGIN');
    await claimSchema(client, service);
    if (!replace) await requireEmpty(client, service);
    await rebuildSchema(client, service, migrations);
    const rows = await loadRows(client, manifest, reader);
    await client.query(keepHistory(service));
    if (trafficUrl !== undefined) await requireRights(client, service, roleOf(trafficUrl));
    await client.query('COMMIT');
    return { ...manifest, path, rows };
  } finally {
    await client?.end().catch(() => {}); // ends the transaction, if it is still open
    await reader.close();
  }
}

function roleOf(url: string): string {
  return decodeURIComponent(new URL(url).username);
}

/** @throws BackupError if the role of the service lacks a right that provisioning grants. */
async function requireRights(client: Client, service: string, role: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname::text AS name FROM pg_class
     WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relname <> '_prisma_migrations' AND CASE
       WHEN relkind IN ('r', 'p') THEN NOT (has_table_privilege($2, oid, 'SELECT') AND has_table_privilege($2, oid, 'INSERT')
         AND has_table_privilege($2, oid, 'UPDATE') AND has_table_privilege($2, oid, 'DELETE'))
       WHEN relkind = 'S' THEN NOT has_sequence_privilege($2, oid, 'USAGE')
       ELSE false END ORDER BY relname`,
    [service, role],
  );
  if (rows.length > 0)
    throw new BackupError(
      'unready',
      `The role "${role}" would have no rights on ${rows.map(({ name }) => name).join(', ')}: run provisioning, then restore again`,
    );
}
