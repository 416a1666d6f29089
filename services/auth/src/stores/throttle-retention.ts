import { accountRule } from '../domain/throttle-schedule.ts';
import type { Database } from './transaction.ts';

/**
 * Deletes counters of failed log-ins that have not changed for as long as failures count. Rows that another process
 * is deleting are skipped.
 *
 * @param now The time, unless the database's clock is earlier.
 * @param limit Most rows.
 * @returns The number of rows.
 */
export function deleteIdleCounters(database: Database, now: Date, limit: number): PromiseLike<number> {
  return database.$executeRaw`
    DELETE FROM login_throttles WHERE key IN (
      SELECT key FROM login_throttles
      WHERE updated_at < least(now(), ${now}::timestamptz) - ${accountRule.forgetAfterMs}::int * interval '1 millisecond'
      ORDER BY updated_at LIMIT ${limit}::int
      FOR UPDATE SKIP LOCKED
    )`;
}
