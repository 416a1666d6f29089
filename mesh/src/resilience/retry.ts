import pRetry from 'p-retry';
import { backoffMs } from './backoff.ts';
import type { RetryBudget } from './retry-budget.ts';

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

/**
 * Why no attempt follows: the error cannot pass, the policy allows no more,
 * the retry would not end in time, or the budget of the target is used up.
 */
export type LastAttemptReason = 'not-retryable' | 'exhausted' | 'deadline' | 'budget';

/** One attempt that failed. */
export type FailedAttempt = Readonly<{
  error: Error;
  /** From 1. */
  attempt: number;
  /** How long until the next attempt, in milliseconds; `undefined` if this was the last. */
  retryInMs: number | undefined;
  /** Why this was the last; the first that applies, in the order of the type. */
  reason?: LastAttemptReason;
}>;

export interface RetryOptions {
  policy: RetryPolicy;
  /** Ends the waiting: the promise rejects with its reason. An AbortSignal, or what is cheaper to make. */
  signal: Pick<AbortSignal, 'throwIfAborted' | 'reason' | 'addEventListener' | 'removeEventListener'>;
  /** When nobody waits any more, on the clock of `performance.now()`: no retry is begun that would end after it. */
  deadline: number;
  /** How long an attempt is likely to take, in milliseconds. @default 0 */
  expectedMs?: () => number;
  /** Whether the same call may be made again after this error. */
  isRetryable: (error: Error) => boolean;
  /** Told of each failure, before the wait. */
  onFailure: (failure: FailedAttempt) => void;
  /** The shortest wait that the server asked for with this error, in milliseconds (`Retry-After`); `undefined` if none. */
  retryAfterMs?: (error: Error) => number | undefined;
  /** Must grant each retry; the call itself is the caller's to count. @default no bound */
  budget?: Pick<RetryBudget, 'tryRetry'>;
  /** Chance, 0 to 1. @default Math.random */
  random?: () => number;
}

/** The longest that `setTimeout` can wait; beyond, it fires at once. */
const longestWaitMs = 2 ** 31 - 1;

/** How `fetch` says that the network failed. Any other TypeError is a bug, which a retry does not mend. */
const networkErrors: readonly string[] = ['fetch failed', 'terminated'];

/**
 * Makes an attempt again after the first one has failed, while that may help.
 * The first one is the caller's own, so that a call that succeeds pays nothing
 * for its retries. A TypeError is a bug and never tried again, unless it is
 * `fetch` that lost the network.
 *
 * @param first What the first attempt threw.
 * @param attempt Gets its number, from 2.
 * @returns What the first successful attempt answers; rejects with the error of the last, or with the
 * signal's reason.
 */
export async function retry<Result>(
  first: unknown,
  attempt: (number: number) => Promise<Result>,
  options: RetryOptions,
): Promise<Result> {
  const { policy, signal, random = Math.random, onFailure } = options;
  signal.throwIfAborted();
  const chance = random();
  const schedule = { minTimeout: backoffMs(1, policy, chance), maxTimeout: longestWaitMs };
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
        // It asks no more of it than `retry` does.
        signal: signal as AbortSignal,
        async onFailedAttempt({ error, attemptNumber }) {
          signal.throwIfAborted();
          const failure = judge({ error, attempt: attemptNumber, chance }, options);
          onFailure(failure);
          signal.throwIfAborted();
          if (failure.retryInMs === undefined) throw error;
          // p-retry waits for what its schedule says; the server may have asked for more.
          const moreMs = failure.retryInMs - scheduledMs({ attempt: attemptNumber, chance }, policy);
          if (moreMs > 0) await wait(moreMs, signal);
        },
      },
    );
  } catch (error) {
    // What was done is not to be taken for undone, although its caller has gone in the meantime.
    if (answer) return answer.result;
    throw error;
  }
}

/** A failure to be judged; one chance spreads all waits of a call. */
type Failed = Readonly<{ error: Error; attempt: number; chance: number }>;

/** Decides what follows a failure; asks the budget last, as what it grants is used up. */
function judge(failed: Failed, options: RetryOptions): FailedAttempt {
  const { error, attempt } = failed;
  const last = (reason: LastAttemptReason) => ({ error, attempt, retryInMs: undefined, reason });
  if (isBug(error) || !options.isRetryable(error)) return last('not-retryable');
  if (attempt > options.policy.attempts) return last('exhausted');
  const retryInMs = waitAfter(failed, options);
  if (retryInMs > longestWaitMs || isTooLate(retryInMs, options)) return last('deadline');
  if (options.budget?.tryRetry() === false) return last('budget');
  return { error, attempt, retryInMs };
}

/** Whether an attempt after this wait would begin, or probably end, when nobody waits any more. */
function isTooLate(retryInMs: number, { deadline, expectedMs }: RetryOptions): boolean {
  const startsAt = performance.now() + retryInMs;
  return startsAt >= deadline || startsAt + (expectedMs?.() ?? 0) >= deadline;
}

/** A wait that the server asked for is only ever lengthened, and by chance: it tells all its callers the same one. */
function waitAfter(failed: Failed, { policy, retryAfterMs }: RetryOptions): number {
  const asked = Math.ceil((retryAfterMs?.(failed.error) ?? 0) * (1 + policy.jitter * failed.chance));
  const scheduled = scheduledMs(failed, policy);
  return asked > scheduled ? asked : scheduled;
}

/** The wait after an attempt, as p-retry makes it. */
function scheduledMs({ attempt, chance }: Omit<Failed, 'error'>, policy: RetryPolicy): number {
  return Math.min(Math.round(backoffMs(attempt, policy, chance)), longestWaitMs);
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
