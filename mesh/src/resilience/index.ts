export { backoffMs, type Backoff } from './backoff.ts';
export { pick, type Candidate } from './balance.ts';
export { Breaker, type BreakerOptions, type Permit } from './breaker.ts';
export { FairQueue } from './fair-queue.ts';
export { Hedge } from './hedge.ts';
export { LatencyAverage } from './latency-average.ts';
export { OutlierDetector, type Watched } from './outlier.ts';
export { ConcurrencyLimit, type CallEnd, type Ticket } from './concurrency-limit.ts';
export { RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';
export {
  defaultDeadlineMs,
  defaultRetryPolicy,
  retry,
  type FailedAttempt,
  type RetryPolicy,
} from './retry.ts';
export { timeouts, type Timeout } from './timeout-wheel.ts';
export { within, type WithinOptions } from './within.ts';
export { TurnQueue, type Waiting } from './turn-queue.ts';
