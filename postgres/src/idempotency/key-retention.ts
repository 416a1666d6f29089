import { SteadyClock } from '@arcadium/mesh/config';
import { Retention } from '../database/retention.ts';
import type { Logger } from '../logger.ts';
import { tableName, type SqlExecutor } from '../sql/sql-database.ts';

/** Options of {@link createKeyRetention}. */
export interface KeyRetentionOptions {
  /** From `fromPg`, `fromPrisma` or `fromDrizzle`. */
  database: SqlExecutor;
  log: Logger;
  /** Interval of the runs, in milliseconds. @default 600000 */
  everyMs?: number;
  /** Most rows for each statement. @default 1000 */
  batch?: number;
  /** @default a new one */
  clock?: SteadyClock;
}

/**
 * Creates the job that deletes idempotency keys after 24 hours, with their answers: at start, and then every
 * ten minutes. Every replica may run it.
 *
 * @example
 * const retention = createKeyRetention({ database, log });
 * retention.start();
 * await retention.stop();
 */
export function createKeyRetention({
  database,
  log,
  everyMs = 600_000,
  batch = 1000,
  clock = new SteadyClock(),
}: KeyRetentionOptions): Retention {
  const keys = tableName(database.schema, 'idempotency_keys');
  return new Retention({
    what: 'expired idempotency keys',
    log,
    everyMs,
    batch,
    clock,
    deleteSome: (limit, now) =>
      database.execute(
        `DELETE FROM ${keys} WHERE (caller, procedure, key) IN (
          SELECT caller, procedure, key FROM ${keys}
          WHERE created_at < least(now(), $1::timestamptz) - interval '24 hours'
          ORDER BY created_at LIMIT $2::int
          FOR UPDATE SKIP LOCKED
        )`,
        [now.toISOString(), limit],
      ),
  });
}
