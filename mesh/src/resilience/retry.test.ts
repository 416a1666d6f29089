import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RetryBudget } from './retry-budget.ts';
import { defaultRetryPolicy, retry as retryAfter, type FailedAttempt, type RetryOptions } from './retry.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Makes the first attempt, and the others after it. */
const retry = async <Result>(attempt: (number: number) => Promise<Result>, options: RetryOptions) =>
  attempt(1).catch((first: unknown) => retryAfter(first, attempt, options));

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

  test('moves by one chance for all waits of a call', async () => {
    const random = vi.fn(() => 0).mockReturnValueOnce(1);
    expect((await failing({ policy: defaultRetryPolicy, random })).attempts).toEqual([0, 1200, 3600, 8400]);
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

describe('how long an attempt is likely to take', () => {
  test.each([
    [0, [0, 1000]],
    [499, [0, 1000]],
    [500, [0, 1000]],
    [1499, [0, 1000]],
    [1500, [0]],
    [Infinity, [0]],
    [-1000, [0, 1000]],
    [Number.NaN, [0, 1000]],
  ])('must be left after the wait (%d ms)', async (expectedMs, expected) => {
    const options = { deadline: performance.now() + 2500, expectedMs: () => expectedMs };
    const { attempts, failures } = await failing(options);
    expect([attempts, failures.at(-1)?.reason]).toEqual([expected, 'deadline']);
  });

  test('is asked after each failure', async () => {
    const expectedMs = vi.fn(() => 2000).mockReturnValueOnce(100);
    expect((await failing({ deadline: performance.now() + 5000, expectedMs })).attempts).toEqual([0, 1000]);
  });

  test('is nothing to a call that may take for ever', async () => {
    expect((await failing({ expectedMs: () => 1e9 })).attempts).toEqual([0, 1000, 3000, 7000]);
  });
});

test('a cancelled wait ends with the reason, at once', async () => {
  const gone = new AbortController();
  setTimeout(() => gone.abort(new Error('gone')), 1500);
  const { attempts, outcome } = await failing({ signal: gone.signal });
  expect([attempts, outcome]).toMatchObject([[0, 1000], { message: 'gone' }]);
});

test('a cancelled wait leaves no timer behind, and one that ends no listener', async () => {
  const gone = new AbortController();
  const listen = vi.spyOn(gone.signal, 'addEventListener');
  const forget = vi.spyOn(gone.signal, 'removeEventListener');
  const timers: number[] = [];
  setTimeout(() => {
    expect([listen.mock.calls.length, forget.mock.calls.length]).toEqual([2, 1]);
    timers.push(vi.getTimerCount());
    gone.abort(new Error('gone'));
    timers.push(vi.getTimerCount());
  }, 1500);
  await failing({ signal: gone.signal });
  expect(timers).toEqual([1, 0]);
});

describe('a caller that goes away', () => {
  const gone = (abort: AbortController) => abort.abort(new Error('gone'));

  const during = (attempt: () => Promise<unknown>) => {
    const abort = new AbortController();
    const onFailure = vi.fn();
    const outcome = retry<unknown>(
      () => {
        gone(abort);
        return attempt();
      },
      { policy: noJitter, signal: abort.signal, deadline: Infinity, isRetryable: () => true, onFailure },
    );
    return { outcome, onFailure };
  };

  test('during an attempt that fails gets its reason, and nobody is told', async () => {
    const { outcome, onFailure } = during(async () => Promise.reject(new Error('no')));
    await expect(outcome).rejects.toThrow('gone');
    expect(onFailure).not.toHaveBeenCalled();
  });

  test('during an attempt that succeeds gets the answer: what was done is not to be taken for undone', async () => {
    expect(await during(async () => 'late').outcome).toBe('late');
  });

  test('when it hears of a failure gets its reason', async () => {
    const abort = new AbortController();
    const { attempts, outcome } = await failing({ signal: abort.signal, onFailure: () => gone(abort) });
    expect([attempts, outcome]).toMatchObject([[0], { message: 'gone' }]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('what was thrown', () => {
  const throwing = async (thrown: unknown) => {
    const failures: FailedAttempt[] = [];
    const outcome = retry(() => Promise.reject(thrown), {
      policy: { ...noJitter, attempts: 1 },
      signal: new AbortController().signal,
      deadline: Infinity,
      isRetryable: () => true,
      onFailure: (failure) => failures.push(failure),
    }).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    return { outcome: await outcome, failures: failures.map(({ retryInMs, reason }) => [retryInMs, reason]) };
  };

  test('and is no error becomes one, and is not tried again', async () => {
    const { outcome, failures } = await throwing('a word');
    expect(outcome).toBeInstanceOf(TypeError);
    expect([outcome, failures]).toMatchObject([
      { message: 'Non-error was thrown: "a word". You should only throw errors.' },
      [[undefined, 'not-retryable']],
    ]);
  });

  test('and is a TypeError is a bug', async () => {
    expect((await throwing(new TypeError('x is not a function'))).failures).toEqual([
      [undefined, 'not-retryable'],
    ]);
  });

  test("unless it is fetch's", async () => {
    expect((await throwing(new TypeError('fetch failed'))).failures).toEqual([
      [1000, undefined],
      [undefined, 'exhausted'],
    ]);
  });
});

describe('why no retry follows', () => {
  test.each<[string, Partial<RetryOptions>, string]>([
    ['an error that cannot pass', { isRetryable: () => false }, 'not-retryable'],
    ['no attempts', { policy: { ...noJitter, attempts: 0 } }, 'exhausted'],
    ['no time', { deadline: 0 }, 'deadline'],
    ['no budget', { budget: new RetryBudget({ ratio: 0, minPerSecond: 0 }) }, 'budget'],
  ])('%s', async (_, options, reason) => {
    const { attempts, failures } = await failing(options);
    expect([attempts, failures]).toMatchObject([[0], [{ attempt: 1, retryInMs: undefined, reason }]]);
  });
});

describe('the budget', () => {
  test('pays for each retry', async () => {
    const budget = { onCall: vi.fn(), tryRetry: vi.fn(() => true), balance: 1 };
    await failing({ budget });
    expect([budget.onCall.mock.calls.length, budget.tryRetry.mock.calls.length]).toEqual([0, 3]);
  });

  test('grants what it has, and is not asked for a retry that no time is left for', async () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0.2 });
    expect((await failing({ budget, deadline: performance.now() + 500 })).attempts).toEqual([0]);
    expect(budget.balance).toBe(2);
    expect((await failing({ budget })).attempts).toEqual([0, 1000, 3000]);
  });
});

describe('a wait that the server asks for', () => {
  test('is the shortest that is made', async () => {
    expect((await failing({ retryAfterMs: () => 1500 })).attempts).toEqual([0, 1500, 3500, 7500]);
  });

  test.each([
    [0, 5000],
    [1, 6000],
  ])('is lengthened by a fifth at most, and never shortened (chance %d)', async (chance, expected) => {
    const options = { policy: { ...defaultRetryPolicy, attempts: 1 }, random: () => chance };
    expect((await failing({ ...options, retryAfterMs: () => 5000 })).attempts).toEqual([0, expected]);
  });

  test.each([
    [2999, [0, 2999]],
    [3000, [0]],
  ])('must end before the deadline (%d ms of 3000)', async (asked, expected) => {
    const options = { deadline: performance.now() + 3000, retryAfterMs: () => asked };
    const { attempts, failures } = await failing(options);
    expect([attempts, failures.at(-1)?.reason]).toEqual([expected, 'deadline']);
  });

  test.each([undefined, 0, -1, Number.NaN])('may be none (%d)', async (asked) => {
    expect((await failing({ retryAfterMs: () => asked })).attempts).toEqual([0, 1000, 3000, 7000]);
  });

  test('that no timer can wait is not waited for', async () => {
    const { attempts, failures } = await failing({ retryAfterMs: () => 2 ** 31 });
    expect([attempts, failures[0]?.reason]).toEqual([[0], 'deadline']);
  });
});

test('a wait that was cancelled no longer listens', async () => {
  const gone = new AbortController();
  setTimeout(() => gone.abort(new Error('gone')), 100);
  await failing({ signal: gone.signal });
  expect(getEventListeners(gone.signal, 'abort')).toEqual([]);
});
