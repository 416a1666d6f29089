import { pipeline } from 'node:stream/promises';

import { escapeIdentifier, type Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

import { BackupError } from './backup-error.ts';
import { copyIn, nameOf, setSequence, type Manifest } from './script.ts';
import type { ScriptReader } from './script-reader.ts';
import { readTables } from './snapshot.ts';

/**
 * Fills the tables of a schema that migrations have just made, as they were, with the sequences. Triggers do
 * not fire, and foreign keys are checked at the end: rows come in any order.
 *
 * @throws BackupError if the backup is damaged, or has a table that no migration makes.
 */
export async function loadRows(
  client: Client,
  manifest: Manifest,
  reader: ScriptReader,
): Promise<Record<string, number>> {
  const { service, tables, sequences } = manifest;
  const made = new Set((await readTables(client, service)).map(({ name }) => name));
  const unknown = tables.find(({ name }) => !made.has(name));
  if (unknown)
    throw new BackupError(
      'unready',
      `The backup has the table ${unknown.name}, which no migration of ${service} creates`,
    );
  const disabled = await without(client, service, [...made]);
  const rows: Record<string, number> = {};
  for (const table of tables) {
    const into = client.query(copyFrom(copyIn(service, table)));
    await pipeline(reader.rows(service, table), into);
    rows[table.name] = into.rowCount;
  }
  for (const sequence of sequences) await client.query(setSequence(service, sequence));
  await reader.end(manifest, rows);
  await client.query('SET CONSTRAINTS ALL IMMEDIATE'); // or tables with checks to come could not be changed
  for (const sql of disabled) await client.query(sql);
  await refreshViews(client, service);
  for (const { name } of tables) await client.query(`ANALYZE ${nameOf(service, name)}`);
  return rows;
}

/**
 * Empties the tables, whose rows would be those of migrations, and takes triggers and foreign keys away.
 *
 * @returns The SQL that brings them back.
 */
async function without(client: Client, service: string, tables: readonly string[]): Promise<string[]> {
  const back: string[] = [];
  const { rows: triggers } = await client.query<{ table: string; name: string }>(
    `SELECT c.relname::text AS table, t.tgname::text AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = to_regnamespace(quote_ident($1)) AND NOT t.tgisinternal AND t.tgenabled = 'O'`,
    [service],
  );
  for (const { table, name } of triggers) {
    const change = (verb: string) =>
      `ALTER TABLE ${nameOf(service, table)} ${verb} TRIGGER ${escapeIdentifier(name)}`;
    await client.query(change('DISABLE'));
    back.push(change('ENABLE'));
  }
  const { rows: keys } = await client.query<{ table: string; name: string; definition: string }>(
    `SELECT r.relname::text AS table, k.conname::text AS name, pg_get_constraintdef(k.oid) AS definition
     FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid
     WHERE r.relnamespace = to_regnamespace(quote_ident($1)) AND k.contype = 'f' AND k.conparentid = 0`,
    [service],
  );
  for (const { table, name, definition } of keys) {
    const change = `ALTER TABLE ${nameOf(service, table)}`;
    await client.query(`${change} DROP CONSTRAINT ${escapeIdentifier(name)}`);
    back.push(`${change} ADD CONSTRAINT ${escapeIdentifier(name)} ${definition}`);
  }
  await client.query(`TRUNCATE ${tables.map((name) => nameOf(service, name)).join(', ')}`);
  return back;
}

async function refreshViews(client: Client, service: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname::text AS name FROM pg_class
     WHERE relnamespace = to_regnamespace(quote_ident($1)) AND relkind = 'm' ORDER BY oid`,
    [service],
  );
  for (const { name } of rows) await client.query(`REFRESH MATERIALIZED VIEW ${nameOf(service, name)}`);
}
