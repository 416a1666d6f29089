import type { Logger } from '@arcadium/mesh/telemetry';
import { Retention } from '@arcadium/prisma/retention';
import type { RetentionStore } from '../stores/retention-store.ts';

/** What the retention of notifications needs. */
export interface NotificationRetentionOptions {
  store: RetentionStore;
  log: Logger;
  /** How long a notification is kept after it was read, in days. @default 90 */
  keepReadDays?: number;
  /** Wait between two runs, in milliseconds. @default 3600000 */
  everyMs?: number;
  /** Most rows deleted by one statement. @default 1000 */
  batch?: number;
}

/**
 * Makes what deletes notifications that were read long ago: at the start, and
 * then once an hour. With a notification its idempotency key is forgotten.
 */
export function createRetention(options: NotificationRetentionOptions): Retention {
  const { store, log, keepReadDays = 90, everyMs = 3_600_000, batch = 1000 } = options;
  return new Retention({
    what: 'notifications read long ago',
    logger: log,
    everyMs,
    batch,
    deleteSome: (limit, now) => store.deleteRead({ days: keepReadDays, limit, now }),
  });
}
