import type { Pool, PoolClient } from 'pg';

import { isDatabaseUnavailable } from '../database/database-errors.ts';
import {
  checkSchema,
  defaultSchema,
  type SqlDatabase,
  type SqlDatabaseOptions,
  type SqlExecutor,
} from './sql-database.ts';

export type { SqlDatabase, SqlDatabaseOptions, SqlExecutor } from './sql-database.ts';

/**
 * Idempotency keys and an outbox on a pool of `pg`: the work gets the `PoolClient` of its transaction.
 *
 * @example
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL });
 * const database = fromPg(pool);
 *
 * const create = (call) =>
 *   once(database, call, async (client) => {
 *     const { rows } = await client.query('INSERT INTO orders (item) VALUES ($1) RETURNING id', [call.input.item]);
 *     return { id: rows[0].id };
 *   });
 *
 * @throws TypeError if the schema's name is not usable.
 */
export function fromPg(pool: Pool, options: SqlDatabaseOptions = {}): SqlDatabase<PoolClient> {
  const schema = checkSchema(options.schema ?? defaultSchema);
  return {
    ...executorOn(pool, schema),
    within: (client) => executorOn(client, schema),
    transaction: (work) => transact(pool, work),
  };
}

function executorOn(runner: Pool | PoolClient, schema: string): SqlExecutor {
  const run = (text: string, values: readonly unknown[]) => runner.query(text, [...values]);
  return {
    schema,
    query: async <Row extends object>(text: string, values: readonly unknown[]) =>
      (await run(text, values)).rows as Row[],
    execute: async (text, values) => (await run(text, values)).rowCount ?? 0,
  };
}

async function transact<Result>(pool: Pool, work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  let lost: Error | undefined;
  // Without a listener, a connection that is lost between two statements would end the process. The first
  // error has the reason.
  const onError = (error: Error): void => void (lost ??= error);
  client.on('error', onError);
  try {
    await client.query('BEGIN');
    const result = await work(client);
    const { command } = await client.query('COMMIT');
    // PostgreSQL answers so, without an error, if a statement has failed and the work went on.
    if (command === 'ROLLBACK')
      throw new Error('the transaction was rolled back: a statement in it had failed');
    return result;
  } catch (error) {
    const cause = lost && isDatabaseUnavailable(error) ? lost : error;
    // A failure here means that the connection is lost, which ends the transaction too.
    await client.query('ROLLBACK').catch(onError);
    throw cause;
  } finally {
    client.off('error', onError);
    client.release(lost);
  }
}
