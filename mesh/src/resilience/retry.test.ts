import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { defaultRetryPolicy, retry, type FailedAttempt, type RetryOptions } from './retry.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const noJitter = { ...defaultRetryPolicy, jitter: 0 };

/** Fails every attempt, and tells when each was made, in milliseconds from the start. */
async function failing(options: Partial<RetryOptions> = {}) {
  const startedAt = performance.now();
  const attempts: number[] = [];
  const failures: FailedAttempt[] = [];
  const outcome = retry(
    async () => {
      attempts.push(performance.now() - startedAt);
      throw new Error('no');
    },
    {
      policy: noJitter,
      signal: new AbortController().signal,
      deadline: Infinity,
      isRetryable: () => true,
      onFailure: (failure) => failures.push(failure),
      ...options,
    },
  ).catch((error: unknown) => error);
  await vi.runAllTimersAsync();
  return { attempts, failures, outcome: await outcome };
}

describe('the documented schedule', () => {
  test('is 1 s, 2 s and 4 s after each failure, with jitter off', async () => {
    const { attempts, outcome } = await failing();
    expect(attempts).toEqual([0, 1000, 3000, 7000]);
    expect(outcome).toMatchObject({ message: 'no' });
  });

  test.each([
    [0, [0, 800, 2400, 5600]],
    [1, [0, 1200, 3600, 8400]],
  ])('moves by 20 %% at most (chance %d)', async (chance, expected) => {
    expect((await failing({ policy: defaultRetryPolicy, random: () => chance })).attempts).toEqual(expected);
  });

  test('tells each failure once, and the last one as the last', async () => {
    const { failures } = await failing();
    expect(failures.map(({ attempt, retryInMs }) => [attempt, retryInMs])).toEqual([
      [1, 1000],
      [2, 2000],
      [3, 4000],
      [4, undefined],
    ]);
  });
});

test('an error that cannot pass is not tried again', async () => {
  const { attempts, failures } = await failing({ isRetryable: () => false });
  expect([attempts, failures[0]?.retryInMs]).toEqual([[0], undefined]);
});

test('no wait is begun that would end after the deadline', async () => {
  expect((await failing({ deadline: performance.now() + 2500 })).attempts).toEqual([0, 1000]);
});

test('a cancelled wait ends with the reason, at once', async () => {
  const gone = new AbortController();
  setTimeout(() => gone.abort(new Error('gone')), 1500);
  const { attempts, outcome } = await failing({ signal: gone.signal });
  expect([attempts, outcome]).toMatchObject([[0, 1000], { message: 'gone' }]);
});
