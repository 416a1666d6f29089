import { SlidingSum, usualWindowMs } from './sliding-sum.ts';

export interface RetryBudgetOptions {
  /** Retries per call: 0.2 is one for every five calls. @default 0.2 */
  ratio?: number;
  /** Retries per second without any calls, so that a quiet client may retry too. @default 10 */
  minPerSecond?: number;
  /** How long calls and retries count, in milliseconds. @default 10000 */
  windowMs?: number;
  /** Clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/**
 * Limits retries to one target to a share of its calls, so that retries cannot multiply an outage. The minimum counts
 * for the whole window: by default, 100 retries are available before the first call.
 *
 * @see https://finagle.github.io/blog/2016/02/08/retry-budgets/
 */
export class RetryBudget {
  readonly #ratio: number;
  readonly #reserve: number;
  readonly #now: () => number;
  readonly #calls: SlidingSum;
  readonly #retries: SlidingSum;

  constructor({
    ratio = 0.2,
    minPerSecond = 10,
    windowMs = usualWindowMs,
    now = () => performance.now(),
  }: RetryBudgetOptions = {}) {
    this.#ratio = ratio;
    this.#reserve = (minPerSecond * windowMs) / 1000;
    this.#now = now;
    this.#calls = new SlidingSum(windowMs);
    this.#retries = new SlidingSum(windowMs);
  }

  /** Counts the first attempt of a call. */
  onCall(): void {
    this.#calls.add(1, this.#now());
  }

  /** Asks for a retry; `true` spends it. */
  tryRetry(): boolean {
    if (this.balance < 1) return false;
    this.#retries.add(1, this.#now());
    return true;
  }

  /** Available retries, a whole number. */
  get balance(): number {
    const now = this.#now();
    const earned = this.#reserve + this.#ratio * this.#calls.total(now);
    return Math.max(0, Math.floor(earned - this.#retries.total(now)));
  }
}
