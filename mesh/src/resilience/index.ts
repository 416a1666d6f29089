export { backoffMs, type Backoff } from './backoff.ts';
export { pick, type Candidate, type PickOptions } from './balance.ts';
export { Breaker, type BreakerOptions, type BreakerState, type Permit } from './breaker.ts';
export { FairQueue } from './fair-queue.ts';
export { Hedge, type HedgeOptions } from './hedge.ts';
export { LatencyAverage, type LatencyAverageOptions } from './latency-average.ts';
export { OutlierDetector, type OutlierOptions, type Watched } from './outlier.ts';
export {
  ConcurrencyLimit,
  type CallEnd,
  type ConcurrencyLimitOptions,
  type Ticket,
} from './concurrency-limit.ts';
export { RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';
export {
  defaultRetryPolicy,
  retry,
  type FailedAttempt,
  type LastAttemptReason,
  type RetryOptions,
  type RetryPolicy,
} from './retry.ts';
export { timeouts, TimeoutWheel, type Timeout, type TimeoutWheelOptions } from './timeout-wheel.ts';
export { within, type WithinOptions } from './within.ts';
export { TurnQueue, type TurnQueueOptions, type Waiting } from './turn-queue.ts';
