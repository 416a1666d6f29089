import { SlidingSum } from './sliding-sum.ts';

/** Bounds the retries to one target by the calls made to it, so that retries cannot multiply an outage. */
export interface RetryBudget {
  /** Counts a call: its first attempt, not its retries. */
  onCall(): void;
  /** Asks for a retry; `true` has used one up. */
  tryRetry(): boolean;
  /** How many retries would be granted now, as a whole number. */
  readonly balance: number;
}

export interface RetryBudgetOptions {
  /** Retries for each call, to the thousandth: 0.2 is one for every five. @default 0.2 */
  ratio?: number;
  /** Retries a second that need no calls, so that a quiet client may retry too. @default 10 */
  minPerSecond?: number;
  /** How long a call and a retry count, in milliseconds. @default 10000 */
  windowMs?: number;
  /** The clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/** Shares of a retry are counted as whole numbers, or they would drift. */
const wholeRetry = 1000;

/**
 * Makes the budget of one target: within the window, a share of the calls and
 * so many a second. Both are of the whole window: at the defaults a target
 * that was never called may be sent 100 retries at once.
 *
 * @see https://finagle.github.io/blog/2016/02/08/retry-budgets/
 */
export function createRetryBudget({
  ratio = 0.2,
  minPerSecond = 10,
  windowMs = 10_000,
  now = () => performance.now(),
}: RetryBudgetOptions = {}): RetryBudget {
  const perCall = Math.round(ratio * wholeRetry);
  const reserve = Math.round((minPerSecond * windowMs * wholeRetry) / 1000);
  const spent = new SlidingSum(windowMs);
  const left = (): number => reserve - spent.total(now());
  return {
    onCall: () => spent.add(-perCall, now()),
    tryRetry() {
      if (left() < wholeRetry) return false;
      spent.add(wholeRetry, now());
      return true;
    },
    get balance() {
      return Math.max(0, Math.floor(left() / wholeRetry));
    },
  };
}
