import pRetry from 'p-retry';

/** How often, and after what waits, a failed call is made again. */
export type RetryPolicy = Readonly<{
  /** Retries after the first failure. @default 3 */
  attempts: number;
  /** The wait before the first retry, in milliseconds; each further wait is twice as long. @default 1000 */
  baseMs: number;
  /** The share by which chance lengthens or shortens the waits of one call, 0 to 1. @default 0.2 */
  jitter: number;
}>;

/** As documented: up to 3 retries, after 1 s, 2 s and 4 s, ±20 %. */
export const defaultRetryPolicy: RetryPolicy = { attempts: 3, baseMs: 1000, jitter: 0.2 };

/** One attempt that failed. */
export type FailedAttempt = Readonly<{
  error: Error;
  /** From 1. */
  attempt: number;
  /** How long until the next attempt, in milliseconds; `undefined` if this was the last. */
  retryInMs: number | undefined;
}>;

export interface RetryOptions {
  policy: RetryPolicy;
  /** Ends the waiting: the promise rejects with its reason. */
  signal: AbortSignal;
  /** When nobody waits any more, on the clock of `performance.now()`: no wait is begun that would end after it. */
  deadline: number;
  /** Whether the same call may be made again after this error. */
  isRetryable: (error: Error) => boolean;
  /** Told of each failure, before the wait. */
  onFailure: (failure: FailedAttempt) => void;
  /** Chance, 0 to 1. @default Math.random */
  random?: () => number;
}

/**
 * Makes an attempt, and makes it again while that may help.
 *
 * @param attempt Gets its number, from 1.
 * @returns What the first successful attempt answers; rejects with the error of the last.
 */
export function retry<Result>(
  attempt: (number: number) => Promise<Result>,
  options: RetryOptions,
): Promise<Result> {
  const { policy, signal, deadline, isRetryable, onFailure, random = Math.random } = options;
  const spread = 1 + policy.jitter * (2 * random() - 1);
  const inTime = (waitMs: number) => performance.now() + waitMs < deadline;
  return pRetry(attempt, {
    retries: policy.attempts,
    minTimeout: policy.baseMs * spread,
    factor: 2,
    signal,
    onFailedAttempt: ({ error, attemptNumber, retriesLeft, retryDelay }) => {
      const again = retriesLeft > 0 && isRetryable(error) && inTime(retryDelay);
      onFailure({ error, attempt: attemptNumber, retryInMs: again ? retryDelay : undefined });
    },
    shouldRetry: ({ error, retryDelay }) => isRetryable(error) && inTime(retryDelay),
  });
}
