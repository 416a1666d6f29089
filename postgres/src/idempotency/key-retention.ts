import { SteadyClock } from '@arcadium/mesh/clock';
import { Retention } from '../database/retention.ts';
import type { Logger } from '../logger.ts';

/** Options of {@link createKeyRetention}. */
export interface KeyRetentionOptions {
  /** A service's generated Prisma client, whose schema has a table `idempotency_keys`. */
  client: { $executeRaw(sql: TemplateStringsArray, ...values: unknown[]): PromiseLike<number> };
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
 * ten minutes.
 */
export function createKeyRetention({
  client,
  log,
  everyMs = 600_000,
  batch = 1000,
  clock = new SteadyClock(),
}: KeyRetentionOptions): Retention {
  return new Retention({
    what: 'expired idempotency keys',
    log,
    everyMs,
    batch,
    clock,
    deleteSome: (limit, now) => client.$executeRaw`
      DELETE FROM idempotency_keys WHERE (caller, procedure, key) IN (
        SELECT caller, procedure, key FROM idempotency_keys
        WHERE created_at < least(now(), ${now}::timestamptz) - interval '24 hours'
        ORDER BY created_at LIMIT ${limit}::int
        FOR UPDATE SKIP LOCKED
      )`,
  });
}
