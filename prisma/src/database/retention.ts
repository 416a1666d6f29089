import { setTimeout as delay } from 'node:timers/promises';
import { SteadyClock } from '@arcadium/mesh/clock';
import type { Logger } from '../logger.ts';

/** What {@link Retention} needs. */
export interface RetentionOptions {
  /** What is deleted, in the plural, for the log: `idempotency keys of yesterday`. */
  what: string;
  /**
   * Deletes at most `limit` rows by one statement. What is old goes by `now` and by the database's own time, whichever is
   * earlier: one of the two clocks may be wrong for a while, and what is deleted does not come back.
   *
   * @param now The earliest time that it may be on this machine.
   * @returns how many, or `busy` where another process is at it.
   */
  deleteSome: (limit: number, now: Date) => PromiseLike<number | 'busy'>;
  logger: Logger;
  /** Wait between two runs, in milliseconds. */
  everyMs: number;
  /** Most rows deleted by one statement. @default 1000 */
  batch?: number;
  /** @default one of its own */
  clock?: SteadyClock;
}

/** Deletes what is too old: at the start, and then again and again. Every replica may have one. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #clock: SteadyClock;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? new SteadyClock();
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
    const { deleteSome, batch = 1000 } = this.#options;
    for (let total = 0; ;) {
      const deleted = await deleteSome(batch, new Date(this.#clock.earliest()));
      if (deleted === 'busy') return total;
      total += deleted;
      if (deleted < batch || this.#stopping.signal.aborted) return total;
    }
  }

  async #run(): Promise<void> {
    const { what, logger, everyMs } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const deleted = await this.runOnce();
        if (deleted > 0) logger.info({ deleted }, `${what} were deleted`);
      } catch (error) {
        logger.warn({ err: error }, `${what} could not be deleted, the next run tries again`);
      }
      await delay(everyMs, undefined, { ref: false, signal }).catch(() => {}); // cut short by stop()
    }
  }
}
