import { createHash } from 'node:crypto';

import { escapeIdentifier, escapeLiteral } from 'pg';

import type { Migration } from './migration-list.ts';

/** A migration in the history of a schema. */
export interface Entry {
  name: string;
  checksum: string;
  /** When it ended, in milliseconds since 1970; `null` if it was interrupted. */
  at: number | null;
}

/** Whether a schema has a history, as a query with one value. */
export function hasHistory(schema: string): string {
  return `SELECT to_regclass(${escapeLiteral(tableOf(schema))}) IS NOT NULL`;
}

/** The history of a schema, by name; those that were rolled back are left out. For {@link toEntry}. */
export function historyOf(schema: string): string {
  return `SELECT migration_name, checksum, (extract(epoch FROM finished_at) * 1000)::float8
    FROM ${tableOf(schema)} WHERE rolled_back_at IS NULL ORDER BY migration_name COLLATE "C"`;
}

/** A row of {@link historyOf}, as an array. */
export function toEntry([name, checksum, at]: readonly unknown[]): Entry {
  return { name: String(name), checksum: String(checksum), at: typeof at === 'number' ? at : null };
}

/** As the engine records it. */
export function checksumOf({ sql }: Migration): string {
  return createHash('sha256').update(sql).digest('hex');
}

function tableOf(schema: string): string {
  return `${escapeIdentifier(schema)}._prisma_migrations`;
}
