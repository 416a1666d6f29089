import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { MigrationDirectory, MigrationList } from '@prisma/schema-engine-wasm';

/** A migration of a service on disk. */
export interface Migration {
  /** Name of its folder, such as `20260101000000_init`; migrations are applied in this order. */
  name: string;
  sql: string;
}

/**
 * The migrations in a folder, oldest first.
 *
 * @throws Error for a folder without `migration.sql`.
 */
export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted()
    .map((name) => ({ name, sql: readFileSync(join(folder, name, 'migration.sql'), 'utf8') }));
}

/** The same in the format of Prisma's engine. */
export function toMigrationList(baseDir: string, migrations: readonly Migration[]): MigrationList {
  const toDirectory = ({ name, sql }: Migration): MigrationDirectory => ({
    path: name,
    migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
  });
  return {
    baseDir,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(toDirectory),
  };
}

/** All tables and enums are compared. */
export const noFilters = { externalTables: [], externalEnums: [] };
