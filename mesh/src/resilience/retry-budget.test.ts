import { describe, expect, test } from 'vitest';
import { RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';

/** A budget on a clock that the test moves. */
function make(options: RetryBudgetOptions = {}) {
  const clock = { now: 0 };
  return { clock, budget: new RetryBudget({ now: () => clock.now, ...options }) };
}

function call(budget: RetryBudget, times: number): void {
  for (let made = 0; made < times; made++) budget.onCall();
}

/** Asks until it is refused. */
function granted(budget: RetryBudget): number {
  let retries = 0;
  while (budget.tryRetry()) retries++;
  return retries;
}

describe('what is granted', () => {
  test('ten a second of the window, without any call', () => {
    const { budget } = make();
    expect([budget.balance, granted(budget), budget.balance]).toEqual([100, 100, 0]);
  });

  test.each([
    [4, 0],
    [5, 1],
    [9, 1],
    [10, 2],
    [50_000, 10_000],
  ])('for %d calls %d retries, with no minimum', (calls, retries) => {
    const { budget } = make({ minPerSecond: 0 });
    call(budget, calls);
    expect([budget.balance, granted(budget)]).toEqual([retries, retries]);
  });

  test('the share of the calls comes on top of the minimum', () => {
    const { budget } = make();
    call(budget, 100);
    expect(granted(budget)).toBe(120);
  });

  test('a ratio that no float holds exactly', () => {
    const { budget } = make({ ratio: 0.1, minPerSecond: 0 });
    call(budget, 30);
    expect(granted(budget)).toBe(3);
  });

  test('nothing at all, if so configured', () => {
    const { budget } = make({ ratio: 0, minPerSecond: 0 });
    call(budget, 1000);
    expect(budget.tryRetry()).toBe(false);
  });
});

describe('the window', () => {
  test('calls count for ten seconds', () => {
    const { budget, clock } = make({ minPerSecond: 0 });
    call(budget, 50);
    clock.now = 9999;
    expect(budget.balance).toBe(10);
    clock.now = 10_000;
    expect(budget.balance).toBe(0);
  });

  test('retries are given back after ten seconds', () => {
    const { budget, clock } = make();
    clock.now = 500;
    granted(budget);
    clock.now = 9999;
    expect(budget.tryRetry()).toBe(false);
    clock.now = 10_000;
    expect(granted(budget)).toBe(100);
  });

  test('retries outlive the calls that paid for them: never a negative balance, and no retry until then', () => {
    const { budget, clock } = make({ minPerSecond: 0 });
    call(budget, 50);
    clock.now = 5000;
    granted(budget);
    clock.now = 10_000;
    expect([budget.balance, budget.tryRetry()]).toEqual([0, false]);
    clock.now = 15_000;
    call(budget, 5);
    expect(granted(budget)).toBe(1);
  });

  test('a clock that jumps forgets everything', () => {
    const { budget, clock } = make();
    call(budget, 1000);
    granted(budget);
    clock.now = 3_600_000;
    expect(granted(budget)).toBe(100);
  });

  test('a clock that goes back keeps counting', () => {
    const { budget, clock } = make({ minPerSecond: 0 });
    clock.now = 20_000;
    call(budget, 50);
    clock.now = 0;
    call(budget, 50);
    expect(granted(budget)).toBe(20);
  });
});
