import { LatencyQuantile } from './quantile.ts';
import { createRetryBudget } from './retry-budget.ts';

/** When a call that is late is sent a second time, elsewhere, for the faster of the two answers. */
export interface Hedge {
  /** Counts a call: its first attempt, not the second. */
  onCall(): void;
  /** Tells how long a call took until its first answer, in milliseconds, whichever attempt that was of. */
  observe(ms: number): void;
  /** How long to wait for the first attempt, in milliseconds; `undefined` while too little is known to hedge. */
  delayMs(): number | undefined;
  /** Asks for a second attempt, at the end of that wait; `true` has used it up. */
  tryHedge(): boolean;
}

export interface HedgeOptions {
  /** Second attempts for each call at most, to the thousandth. @default 0.01 */
  share?: number;
  /** The share of the calls that are answered before a second attempt. @default 0.99 */
  quantile?: number;
  /** The clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/** Both what is typical and what is spent are of this time, in which a hundred calls are enough for either. */
const windowMs = 30_000;

/** Finagle's: where nearly all is answered at once, the slowest are still worth a second attempt. */
const leastDelayMs = 1;

/**
 * Makes the hedge of one procedure, or of several that take equally long. The
 * budget is without a minimum, so that the load never grows by more than the
 * share, whatever the latencies: when all calls become slow at once, as many
 * second attempts as ever are made. Only for what may be done twice.
 *
 * @see https://research.google/pubs/the-tail-at-scale/
 */
export function createHedge({
  share = 0.01,
  quantile = 0.99,
  now = () => performance.now(),
}: HedgeOptions = {}): Hedge {
  const budget = createRetryBudget({ ratio: share, minPerSecond: 0, windowMs, now });
  const latencies = new LatencyQuantile({ windowMs, now });
  return {
    onCall: () => budget.onCall(),
    observe: (ms) => latencies.observe(ms),
    delayMs() {
      const ms = latencies.quantile(quantile);
      return ms === undefined || ms > leastDelayMs ? ms : leastDelayMs;
    },
    tryHedge: () => budget.tryRetry(),
  };
}
