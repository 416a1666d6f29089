import { EventEmitter } from 'node:events';

import {
  checkSchema,
  defaultSchema,
  type SqlDatabase,
  type SqlDatabaseOptions,
  type SqlExecutor,
} from './sql-database.ts';

export type { SqlDatabase, SqlDatabaseOptions, SqlExecutor } from './sql-database.ts';

/** What a Drizzle database and its transactions can do. */
export interface DrizzleStatements {
  execute(query: never): PromiseLike<unknown>;
}

/** A Drizzle database on `node-postgres`; `Transaction` is what its `transaction` gives to the work. */
export interface DrizzleDatabase<Transaction> extends DrizzleStatements {
  /** The pool that it was made with. */
  readonly $client?: unknown;
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
}

/** The tag `sql` of `drizzle-orm`: the part of it that is used here. */
export interface DrizzleSql {
  raw(text: string): unknown;
  param(value: unknown): unknown;
  join(chunks: never[]): unknown;
}

/** Options of {@link fromDrizzle}. */
export interface DrizzleOptions extends SqlDatabaseOptions {
  /** `sql` of your `drizzle-orm`, which writes the statements of this package. */
  sql: DrizzleSql;
}

/**
 * Idempotency keys and an outbox on Drizzle with its driver `node-postgres`: the work gets Drizzle's transaction.
 *
 * @example
 * import { sql } from 'drizzle-orm';
 *
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL });
 * const database = fromDrizzle(drizzle(pool), { sql });
 *
 * const create = (call) =>
 *   once(database, call, async (transaction) => {
 *     const [order] = await transaction.insert(orders).values({ item: call.input.item }).returning();
 *     return order;
 *   });
 *
 * @throws TypeError if the schema's name is not usable.
 */
export function fromDrizzle<Transaction extends DrizzleStatements>(
  database: DrizzleDatabase<Transaction>,
  options: DrizzleOptions,
): SqlDatabase<Transaction> {
  const schema = checkSchema(options.schema ?? defaultSchema);
  const { sql } = options;
  surviveLostConnections(database.$client);
  return {
    ...executorOn(database, sql, schema),
    within: (transaction) => executorOn(transaction, sql, schema),
    transaction: (work) => database.transaction(work),
  };
}

/** Without a listener, a connection that is lost between two statements of a transaction would end the process. */
function surviveLostConnections(pool: unknown): void {
  if (pool instanceof EventEmitter)
    pool.on('connect', (connection: EventEmitter) => connection.on('error', () => {}));
}

type Answer = { rows: object[]; rowCount: number | null };

function executorOn(runner: DrizzleStatements, sql: DrizzleSql, schema: string): SqlExecutor {
  const run = async (text: string, values: readonly unknown[]) =>
    (await runner.execute(written(sql, text, values) as never)) as Answer;
  return {
    schema,
    query: async <Row extends object>(text: string, values: readonly unknown[]) =>
      (await run(text, values)).rows as Row[],
    execute: async (text, values) => (await run(text, values)).rowCount ?? 0,
  };
}

/** A statement in Drizzle's words: it numbers parameters itself, in the order of the text. */
function written(sql: DrizzleSql, text: string, values: readonly unknown[]): unknown {
  // Text and number alternate, since the pattern captures the number.
  const chunks = text
    .split(/\$(\d+)/)
    .map((part, index) => (index % 2 === 0 ? sql.raw(part) : sql.param(values[Number(part) - 1])));
  return sql.join(chunks as never[]);
}
