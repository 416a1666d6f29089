export {
  defaultRetryPolicy,
  retry,
  type FailedAttempt,
  type RetryOptions,
  type RetryPolicy,
} from './retry.ts';
