import type { Logger } from '@arcadium/mesh/telemetry';
import { Retention } from '@arcadium/postgres/retention';
import { deleteOverSessions } from '../stores/session-retention.ts';
import type { Database } from '../stores/transaction.ts';

export interface SessionRetentionOptions {
  database: Database;
  log: Logger;
  now: () => Date;
  /** Interval of the runs, in milliseconds. @default 3600000 */
  everyMs?: number;
  /** Most rows of each table deleted by one statement. @default 1000 */
  batch?: number;
}

/** How long an ended session is kept for inspection, in milliseconds: a day. */
const keptMs = 24 * 3_600_000;

/** Creates the job that deletes ended sessions and their refresh tokens: at start, and then once an hour. */
export function createSessionRetention(options: SessionRetentionOptions): Retention {
  const { database, log, now, everyMs = 3_600_000, batch = 1000 } = options;
  return new Retention({
    what: 'ended sessions and their refresh tokens',
    log,
    everyMs,
    batch,
    deleteSome: (limit) => deleteOverSessions(database, new Date(now().getTime() - keptMs), limit),
  });
}
