import type { Logger } from '@arcadium/mesh/telemetry';
import { Retention } from '@arcadium/postgres/retention';
import { deleteIdleCounters } from '../stores/throttle-retention.ts';
import type { Database } from '../stores/transaction.ts';

export interface ThrottleRetentionOptions {
  database: Database;
  log: Logger;
  /** Interval of the runs, in milliseconds. @default 600000 */
  everyMs?: number;
}

/** Creates the job that deletes expired counters of failed log-ins: at start, and then every ten minutes. */
export function createThrottleRetention(options: ThrottleRetentionOptions): Retention {
  const { database, log, everyMs = 600_000 } = options;
  return new Retention({
    what: 'counters of failed log-ins',
    log,
    everyMs,
    deleteSome: (limit, now) => deleteIdleCounters(database, now, limit),
  });
}
