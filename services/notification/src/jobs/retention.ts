import type { Logger } from '@arcadium/mesh/telemetry';
import { Retention } from '@arcadium/postgres/retention';
import type { RetentionStore } from '../stores/retention-store.ts';

export interface NotificationRetentionOptions {
  store: RetentionStore;
  log: Logger;
  /** How long a read notification is kept, in days. @default 90 */
  keepReadDays?: number;
  /** Interval of the runs, in milliseconds. @default 3600000 */
  everyMs?: number;
  /** Most rows deleted by one statement. @default 1000 */
  batch?: number;
}

/**
 * Creates the job that deletes notifications read long ago: at start, and then once an hour. The idempotency
 * key is deleted with the notification.
 */
export function createRetention(options: NotificationRetentionOptions): Retention {
  const { store, log, keepReadDays = 90, everyMs = 3_600_000, batch = 1000 } = options;
  return new Retention({
    what: 'notifications read long ago',
    log,
    everyMs,
    batch,
    deleteSome: (limit, now) => store.deleteRead({ days: keepReadDays, limit, now }),
  });
}
