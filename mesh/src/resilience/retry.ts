import pRetry from 'p-retry';
import { backoffMs } from './backoff.ts';
import type { RetryBudget } from './retry-budget.ts';
import { longestTimerMs } from '../wire/index.ts';

/** How failed calls are retried. */
export type RetryPolicy = Readonly<{
  /** Retries after the first failure. @default 3 */
  attempts: number;
  /** Wait before the first retry, in milliseconds; doubles for each further one. @default 1000 */
  baseMs: number;
  /** Random variation of the waits of one call, from 0 to 1. @default 0.2 */
  jitter: number;
}>;

/** Up to 3 retries, after 1 s, 2 s and 4 s, ±20 %. Other waits after failures vary as much. */
export const defaultRetryPolicy: RetryPolicy = { attempts: 3, baseMs: 1000, jitter: 0.2 };

/** Longest time for a call, retries included, in milliseconds: of a person, and of a service. */
export const defaultDeadlineMs = { person: 10_000, service: 30_000 };

/**
 * Why no attempt follows: the error is permanent, the policy allows no more attempts, the retry would not end in
 * time, or the budget is spent.
 */
export type LastAttemptReason = 'not-retryable' | 'exhausted' | 'deadline' | 'budget';

export type FailedAttempt = Readonly<{
  error: Error;
  /** From 1. */
  attempt: number;
  /** Wait before the next attempt, in milliseconds; `undefined` if this was the last. */
  retryInMs: number | undefined;
  /** Why this was the last: the first reason that applies, in the order of the type. */
  reason?: LastAttemptReason;
}>;

export interface RetryOptions {
  policy: RetryPolicy;
  /** Cancels: the promise rejects with its reason. */
  signal: Pick<AbortSignal, 'throwIfAborted' | 'reason' | 'addEventListener' | 'removeEventListener'>;
  /** Time on the clock of `performance.now()` by which a retry must end, or it does not start. */
  deadline: number;
  /** Likely duration of an attempt, in milliseconds. @default 0 */
  expectedMs?: () => number;
  /** Whether the call may be retried after this error. */
  isRetryable: (error: Error) => boolean;
  /** Called after each failure, before the wait. */
  onFailure: (failure: FailedAttempt) => void;
  /** Wait that the server requests with this error (`Retry-After`), in milliseconds. @default none */
  retryAfterMs?: (error: Error) => number | undefined;
  /** Must grant each retry; counting the call itself is up to the caller. @default unlimited */
  budget?: Pick<RetryBudget, 'tryRetry'>;
  /** Random number from 0 to 1. @default Math.random */
  random?: () => number;
}

/** Messages of the TypeError that `fetch` throws when the network fails; any other TypeError is a bug. */
const networkErrors: readonly string[] = ['fetch failed', 'terminated'];

/**
 * Retries a failed attempt. The caller makes the first attempt, so that a call that succeeds pays nothing for
 * retries. A TypeError is a bug and is not retried, unless it comes from `fetch` and the network.
 *
 * @param first Error of the first attempt.
 * @param attempt Gets its number, from 2.
 * @returns The first successful answer.
 * @throws The error of the last attempt, or the signal's reason.
 */
export async function retry<Result>(
  first: unknown,
  attempt: (number: number) => Promise<Result>,
  options: RetryOptions,
): Promise<Result> {
  const { policy, signal, random = Math.random, onFailure } = options;
  signal.throwIfAborted();
  const chance = random();
  const schedule = { minTimeout: backoffMs(1, policy, chance), maxTimeout: longestTimerMs };
  let answer: { result: Result } | undefined;
  try {
    return await pRetry(
      async (number) => {
        if (number === 1) throw asError(first);
        const result = await attempt(number);
        answer = { result };
        return result;
      },
      {
        ...schedule,
        retries: policy.attempts,
        // p-retry uses no more of it than `RetryOptions` names.
        signal: signal as AbortSignal,
        async onFailedAttempt({ error, attemptNumber }) {
          signal.throwIfAborted();
          const failure = judge({ error, attempt: attemptNumber, chance }, options);
          onFailure(failure);
          signal.throwIfAborted();
          if (failure.retryInMs === undefined) throw error;
          // p-retry waits for its schedule; the server may request more.
          const moreMs = failure.retryInMs - scheduledMs({ attempt: attemptNumber, chance }, policy);
          if (moreMs > 0) await wait(moreMs, signal);
        },
      },
    );
  } catch (error) {
    // Successful work must not look failed because its caller left meanwhile.
    if (answer) return answer.result;
    throw error;
  }
}

/** A failure; one random number varies all waits of a call. */
type Failed = Readonly<{ error: Error; attempt: number; chance: number }>;

/** Decides what follows a failure. Asks the budget last, because that spends it. */
function judge(failed: Failed, options: RetryOptions): FailedAttempt {
  const { error, attempt } = failed;
  const last = (reason: LastAttemptReason) => ({ error, attempt, retryInMs: undefined, reason });
  if (isBug(error) || !options.isRetryable(error)) return last('not-retryable');
  if (attempt > options.policy.attempts) return last('exhausted');
  const retryInMs = waitAfter(failed, options);
  if (retryInMs > longestTimerMs || isTooLate(retryInMs, options)) return last('deadline');
  if (options.budget?.tryRetry() === false) return last('budget');
  return { error, attempt, retryInMs };
}

/** Whether a retry after this wait would probably end too late. */
function isTooLate(retryInMs: number, { deadline, expectedMs }: RetryOptions): boolean {
  const startsAt = performance.now() + retryInMs;
  return startsAt >= deadline || startsAt + (expectedMs?.() ?? 0) >= deadline;
}

/** Jitter only lengthens a wait that the server requests, because all its callers get the same one. */
function waitAfter(failed: Failed, { policy, retryAfterMs }: RetryOptions): number {
  const asked = Math.ceil((retryAfterMs?.(failed.error) ?? 0) * (1 + policy.jitter * failed.chance));
  const scheduled = scheduledMs(failed, policy);
  return asked > scheduled ? asked : scheduled;
}

/** Wait of p-retry after an attempt, in milliseconds. */
function scheduledMs({ attempt, chance }: Omit<Failed, 'error'>, policy: RetryPolicy): number {
  return Math.min(Math.round(backoffMs(attempt, policy, chance)), longestTimerMs);
}

function isBug(error: Error): boolean {
  return error instanceof TypeError && !networkErrors.includes(error.message);
}

function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new TypeError(`Non-error was thrown: "${String(thrown)}". You should only throw errors.`);
}

function wait(ms: number, signal: RetryOptions['signal']): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
