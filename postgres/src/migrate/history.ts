import { createHash } from 'node:crypto';

import { escapeIdentifier, escapeLiteral, type Client } from 'pg';

import type { Migration } from './migration-list.ts';

/** A migration in the history of a schema. */
export interface HistoryEntry {
  name: string;
  checksum: string;
  /** When it ended, in milliseconds since 1970; `null` if it was interrupted. */
  at: number | null;
}

/** How a schema differs from the migrations of a version: names, in their order. */
export interface HistoryDifference {
  /** Migrations that the schema does not have. */
  pending: string[];
  /** Those whose content is another than when they were applied. */
  edited: string[];
  /** Those that the schema has from a newer version. */
  newer: string[];
  /** Those that began and did not end. */
  interrupted: string[];
}

/** SQL that says whether a schema has a history. */
export function hasHistory(schema: string): string {
  return `SELECT to_regclass(${escapeLiteral(tableOf(schema))}) IS NOT NULL`;
}

/** SQL for the history of a schema, by name; migrations that were rolled back are left out. */
export function historyOf(schema: string): string {
  return `SELECT migration_name, checksum, (extract(epoch FROM finished_at) * 1000)::float8
    FROM ${tableOf(schema)} WHERE rolled_back_at IS NULL ORDER BY migration_name COLLATE "C"`;
}

function tableOf(schema: string): string {
  return `${escapeIdentifier(schema)}._prisma_migrations`;
}

/** A row of `historyOf`, as an array. */
export function entryOf([name, checksum, at]: readonly unknown[]): HistoryEntry {
  return { name: String(name), checksum: String(checksum), at: typeof at === 'number' ? at : null };
}

/** Reads the history of a schema; a schema without one has no migrations. */
export async function readHistory(client: Client, schema: string): Promise<HistoryEntry[]> {
  const read = async (text: string) => (await client.query<unknown[]>({ text, rowMode: 'array' })).rows;
  const [exists] = await read(hasHistory(schema));
  return exists?.[0] === true ? (await read(historyOf(schema))).map(entryOf) : [];
}

/** Compares the history of a schema with the migrations of a version. */
export function compareHistory(
  entries: readonly HistoryEntry[],
  migrations: readonly Migration[],
): HistoryDifference {
  const known = new Map(migrations.map(({ name, sql }) => [name, sql]));
  const done = new Map(entries.flatMap((entry) => (entry.at === null ? [] : [[entry.name, entry]])));
  const names = (some: Iterable<{ name: string }>) => [...some].map(({ name }) => name);
  return {
    pending: names(migrations.filter(({ name }) => !done.has(name))),
    edited: names(
      [...done.values()].filter(({ name, checksum }) => {
        const sql = known.get(name);
        return sql !== undefined && createHash('sha256').update(sql).digest('hex') !== checksum;
      }),
    ),
    newer: names([...done.values()].filter(({ name }) => !known.has(name))),
    interrupted: names(entries.filter(({ at }) => at === null)),
  };
}
