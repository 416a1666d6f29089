import { escapeIdentifier } from 'pg';

import { hasCode } from '../database/database-errors.ts';

/** The schema of the tables of this package, unless you choose another. */
export const defaultSchema = 'arcadium';

/**
 * Runs SQL statements with the parameters `$1`, `$2` and so on: in one transaction, or each in a transaction of its
 * own.
 */
export interface SqlExecutor {
  /** The schema with the tables of this package. */
  readonly schema: string;
  /** Runs a statement and returns its rows. Their columns are of type text, int4, float8, bool or json. */
  query<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]>;
  /** Runs a statement and returns the number of rows that it changed. */
  execute(text: string, values: readonly unknown[]): Promise<number>;
}

/**
 * A database, as this package uses it: `fromPg`, `fromPrisma` and `fromDrizzle` make one; for another library,
 * implement these methods. Make one for each pool or client and keep it: calls with the same idempotency key that
 * meet in one process wait for one another by it.
 *
 * @typeParam Transaction What your library gives to the work of a transaction, such as a `PoolClient`.
 */
export interface SqlDatabase<Transaction> extends SqlExecutor {
  /**
   * Runs work in a transaction: commits when the work resolves, rolls back when it rejects.
   *
   * @throws what the work throws; the error of the database.
   */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** Statements within a transaction that is in progress. */
  within(transaction: Transaction): SqlExecutor;
}

/** Options of `fromPg`, `fromPrisma` and `fromDrizzle`. */
export interface SqlDatabaseOptions {
  /** The schema with the tables of this package, as given to `arcadium-postgres migrate`. @default 'arcadium' */
  schema?: string;
}

/**
 * When a transaction is rolled back, in milliseconds: slightly more than the longest timeout of a procedure.
 */
export const longestTransactionMs = 16_000;

/** The name of a table of this package, for SQL. */
export function tableName(schema: string, table: string): string {
  return `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
}

/** Most bytes of the name of a schema: what is named after it must fit into the 63 bytes of an identifier. */
const mostSchemaBytes = 48;

/** @throws TypeError if PostgreSQL would not take a schema of this name, or would cut it. */
export function checkSchema(schema: string): string {
  const bytes = Buffer.byteLength(schema);
  if (bytes < 1 || bytes > mostSchemaBytes || schema.includes('\0') || /^pg_/i.test(schema)) {
    throw new TypeError(
      `${JSON.stringify(schema)} cannot be the schema of these tables: use 1 to ${mostSchemaBytes} bytes that do not start with pg_`,
    );
  }
  return schema;
}

/** A table, or its schema, does not exist. */
const missingCodes: ReadonlySet<string> = new Set(['42P01', '3F000']);

/** The error of a statement on a table of this package; if there is no such table, with what to do. */
export function withRemedy(error: unknown, schema: string): unknown {
  if (!hasCode(error, missingCodes)) return error;
  const command = `npx arcadium-postgres migrate --schema ${schema}`;
  return new Error(`the schema "${schema}" lacks the tables of @arcadium/postgres: run \`${command}\``, {
    cause: error,
  });
}
