import { LatencyQuantile, windowMs } from './quantile.ts';
import { RetryBudget } from './retry-budget.ts';

export interface HedgeOptions {
  /** Most second attempts per call. @default 0.01 */
  share?: number;
  /** Share of calls that are answered before a second attempt. @default 0.99 */
  quantile?: number;
  /** Clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/**
 * Decides when a late call gets a second attempt; the faster answer counts. Only for idempotent calls. The budget has
 * no minimum, so the load never grows by more than `share`, even when all calls become slow at once.
 *
 * @see https://research.google/pubs/the-tail-at-scale/
 */
export class Hedge {
  readonly #quantile: number;
  readonly #budget: RetryBudget;
  readonly #latencies: LatencyQuantile;

  constructor({ share = 0.01, quantile = 0.99, now = () => performance.now() }: HedgeOptions = {}) {
    this.#quantile = quantile;
    this.#budget = new RetryBudget({ ratio: share, minPerSecond: 0, windowMs, now });
    this.#latencies = new LatencyQuantile(now);
  }

  /** Counts the first attempt of a call. */
  onCall(): void {
    this.#budget.onCall();
  }

  /** Records the time from a call to its first answer, in milliseconds. */
  observe(ms: number): void {
    this.#latencies.observe(ms);
  }

  /**
   * Wait before a second attempt, in milliseconds, at least 1 as in Finagle; `undefined` with fewer than 100 calls in the
   * window.
   */
  delayMs(): number | undefined {
    const ms = this.#latencies.quantile(this.#quantile);
    return ms === undefined ? undefined : Math.max(ms, 1);
  }

  /** Asks for a second attempt at the end of that wait; `true` spends it. */
  tryHedge(): boolean {
    return this.#budget.tryRetry();
  }
}
