import { SteadyClock } from '@arcadium/mesh/clock';
import { Retention } from '../database/retention.ts';
import type { Logger } from '../logger.ts';

/** What the retention of keys needs. */
export interface KeyRetentionOptions {
  /** A service's generated Prisma client, whose schema has a table `idempotency_keys`. */
  client: { $executeRaw(sql: TemplateStringsArray, ...values: unknown[]): PromiseLike<number> };
  logger: Logger;
  /** Wait between two runs, in milliseconds. @default 600000 */
  everyMs?: number;
  /** Most rows deleted by one statement. @default 1000 */
  batch?: number;
  /** @default one of its own */
  clock?: SteadyClock;
}

/**
 * Makes what forgets idempotency keys that are 24 hours old, with the answers
 * kept beside them: at the start, and then every ten minutes.
 */
export function createKeyRetention({
  client,
  logger,
  everyMs = 600_000,
  batch = 1000,
  clock = new SteadyClock(),
}: KeyRetentionOptions): Retention {
  return new Retention({
    what: 'expired idempotency keys',
    logger,
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
