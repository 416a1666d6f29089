import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@arcadium/mesh/telemetry';
import type { RetentionStore } from '../stores/retention-store.ts';

/** What {@link Retention} needs. */
export interface RetentionOptions {
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
 * Deletes notifications that were read long ago: at the start, and then once
 * an hour. Every replica may have one; they take turns. With a notification
 * its idempotency key is forgotten.
 */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Begins. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Makes no further run and lets the statement under way end. May be called again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /**
   * One run: batch after batch until nothing is left, another process is at
   * it, or `stop()`.
   *
   * @returns how many were deleted.
   */
  async runOnce(): Promise<number> {
    const { store, keepReadDays = 90, batch = 1000 } = this.#options;
    for (let total = 0; ;) {
      const deleted = await store.deleteRead({ days: keepReadDays, limit: batch });
      if (deleted === 'busy') return total;
      total += deleted;
      if (deleted < batch || this.#stopping.signal.aborted) return total;
    }
  }

  async #run(): Promise<void> {
    const { log, everyMs = 3_600_000 } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const deleted = await this.runOnce();
        if (deleted > 0) log.info({ deleted }, 'notifications read long ago were deleted');
      } catch (error) {
        log.warn({ err: error }, 'the retention of notifications failed, the next run tries again');
      }
      await delay(everyMs, undefined, { ref: false, signal }).catch(() => {}); // cut short by stop()
    }
  }
}
