import type { Logger } from '@arcadium/mesh/telemetry';
import type { PrismaClient } from '@arcadium/prisma/auth';
import { Retention } from '@arcadium/prisma/retention';
import { accountRule } from '../domain/throttle-schedule.ts';

/** Interval of the runs, in milliseconds. */
const everyMs = 600_000;

/** Creates the job that deletes expired counters of failed log-ins. */
export function createThrottleRetention(client: PrismaClient, log: Logger): Retention {
  return new Retention({
    what: 'counters of failed log-ins',
    log,
    everyMs,
    deleteSome: (limit, now) => client.$executeRaw`
      DELETE FROM login_throttles WHERE key IN (
        SELECT key FROM login_throttles
        WHERE updated_at < least(now(), ${now}::timestamptz) - ${accountRule.forgetAfterMs}::int * interval '1 millisecond'
        ORDER BY updated_at LIMIT ${limit}::int
        FOR UPDATE SKIP LOCKED
      )`,
  });
}
