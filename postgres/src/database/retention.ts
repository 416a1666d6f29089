import { setTimeout as delay } from 'node:timers/promises';
import { SteadyClock } from '@arcadium/mesh/config';
import type { Logger } from '../logger.ts';

/** Options of {@link Retention}. */
export interface RetentionOptions {
  /** What is deleted, in the plural, for the log: `expired idempotency keys`. */
  what: string;
  /**
   * Deletes at most `limit` rows with one statement. Age is judged by `now` or the database's clock,
   * whichever is earlier: either may be wrong for a while, and deleted rows do not come back.
   *
   * @param now The earliest possible time on this machine.
   * @returns Number of rows, or `busy` if another process is deleting.
   */
  deleteSome: (limit: number, now: Date) => PromiseLike<number | 'busy'>;
  log: Logger;
  /** Interval of the runs, in milliseconds. */
  everyMs: number;
  /** Most rows for each statement. @default 1000 */
  batch?: number;
  /** @default a new one */
  clock?: SteadyClock;
}

/**
 * Deletes old rows: at start, and then periodically. Every replica may run it.
 *
 * @example
 * const retention = new Retention({
 *   what: 'old sessions',
 *   deleteSome: (limit, now) => deleteSessions({ before: now, limit }),
 *   log,
 *   everyMs: 3_600_000,
 * });
 * retention.start();
 */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #clock: SteadyClock;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? new SteadyClock();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Makes no further run, and waits for the current statement. May be called several times. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /**
   * One run: deletes batches until nothing is left, another process is deleting, or `stop()`.
   *
   * @returns The number of deleted rows.
   */
  async runOnce(): Promise<number> {
    const { deleteSome, batch = 1000 } = this.#options;
    for (let total = 0; ;) {
      const deleted = await deleteSome(batch, new Date(this.#clock.earliest()));
      if (deleted === 'busy') return total;
      total += deleted;
      if (deleted < batch || this.#stopping.signal.aborted) return total;
    }
  }

  async #run(): Promise<void> {
    const { what, log, everyMs } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const deleted = await this.runOnce();
        if (deleted > 0) log.info({ deleted }, `${what} were deleted`);
      } catch (error) {
        log.warn({ err: error }, `${what} could not be deleted, the next run tries again`);
      }
      await delay(everyMs, undefined, { ref: false, signal }).catch(() => {}); // ended early by stop()
    }
  }
}
