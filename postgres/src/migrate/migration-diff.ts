import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { PrismaPg } from '@prisma/adapter-pg';
import {
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import { Pool, type QueryConfig, types } from 'pg';

import { noFilters } from './migration-list.ts';
import { openSchemaEngine } from './schema-engine.ts';
import { connectionConfig } from '../database/session.ts';

/**
 * The difference between a database and a service's `schema.prisma`, as SQL that would change the database;
 * empty if there is none. Checks, functions and triggers are not compared, because the schema cannot express
 * them.
 *
 * @param url A database in which the service's migrations were applied.
 * @param path The schema file, absolute.
 *
 * @example
 * const sql = await compareWithSchema('wiki', url, '/srv/wiki/schema.prisma');
 * if (sql) throw new Error(`the schema has changes without a migration:\n${sql}`);
 */
export async function compareWithSchema(service: string, url: string, path: string): Promise<string> {
  const file = { path, content: readFileSync(path, 'utf8') };
  const pool = new CatalogPool({ ...connectionConfig(url, service, 5_000), max: 1 });
  try {
    const engine = await openSchemaEngine(catalogFactory(pool, service), file);
    try {
      const { stdout } = await engine.diff({
        from: { tag: 'schemaDatasource', files: [file], configDir: dirname(path) },
        to: { tag: 'schemaDatamodel', files: [file] },
        script: true,
        exitCode: null,
        filters: noFilters,
      });
      return /^-- This is an empty migration\.\s*$/.test(stdout ?? '') ? '' : (stdout ?? '');
    } finally {
      engine.free();
    }
  } finally {
    await pool.end();
  }
}

/**
 * The engine reads PostgreSQL's catalogue, which has columns of the internal type "char", and expects
 * characters. The adapter refuses that type: it gets text, and the answer is corrected afterwards.
 */
function catalogFactory(pool: CatalogPool, service: string): SqlMigrationAwareDriverAdapterFactory {
  const connect = async (): Promise<SqlDriverAdapter> => {
    const adapter = await new PrismaPg(pool, { schema: service }).connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      for (const index of pool.characterColumns) result.columnTypes[index] = ColumnTypeEnum.Character;
      return result;
    };
    return adapter;
  };
  return { provider: 'postgres', adapterName: '@prisma/adapter-pg', connect, connectToShadowDb: connect };
}

/** A pool with one connection that remembers the "char" columns of its last answer. */
class CatalogPool extends Pool {
  characterColumns: number[] = [];

  // pg declares ten overloads; the adapter uses the one with a config object.
  override query = (async (config: QueryConfig) => {
    const result = await super.query(config);
    this.characterColumns = result.fields.flatMap((field, index) =>
      field.dataTypeID === types.builtins.CHAR ? [index] : [],
    );
    for (const field of result.fields) {
      if (field.dataTypeID === types.builtins.CHAR) field.dataTypeID = types.builtins.TEXT;
    }
    return result;
  }) as Pool['query'];
}
