import { describe, expect, test } from 'vitest';
import { Breaker, type BreakerOptions, type Permit } from './breaker.ts';

/** A breaker on a clock that the test moves, without jitter unless the test says so. */
function make(options: BreakerOptions = {}) {
  const clock = { now: 0 };
  const changes: string[] = [];
  const breaker = new Breaker({
    now: () => clock.now,
    random: () => 0.5,
    onChange: (state, previous) => changes.push(`${previous} → ${state}`),
    ...options,
  });
  return { clock, breaker, changes };
}

function acquire(breaker: Breaker): Permit {
  const permit = breaker.tryAcquire();
  if (!permit) throw new Error(`refused: the breaker is ${breaker.state}`);
  return permit;
}

type Outcome = 'success' | 'failure' | 'ignore';

function report(breaker: Breaker, outcomes: Iterable<Outcome>): void {
  for (const outcome of outcomes) acquire(breaker)[outcome]();
}

/** So many calls of which so many failed, never more than two in a row. */
function mixed(calls: number, failures: number): Outcome[] {
  return Array.from({ length: calls }, (_, call) =>
    Math.floor(((call + 1) * failures) / calls) > Math.floor((call * failures) / calls)
      ? 'failure'
      : 'success',
  );
}

const fiveFailures: Outcome[] = Array.from({ length: 5 }, () => 'failure');

/** Opened by five failures in a row, at the clock's time. */
function open(options: BreakerOptions = {}) {
  const made = make(options);
  report(made.breaker, fiveFailures);
  return made;
}

describe('failures in a row', () => {
  test('four leave it closed, the fifth opens it', () => {
    const { breaker, changes } = make();
    report(breaker, fiveFailures.slice(1));
    expect([breaker.state, breaker.retryAfterMs]).toEqual(['closed', 0]);
    report(breaker, ['failure']);
    expect([breaker.state, breaker.tryAcquire(), breaker.retryAfterMs]).toEqual(['open', undefined, 1000]);
    expect(changes).toEqual(['closed → open']);
  });

  test('a success between them starts the count again', () => {
    const { breaker } = make();
    report(breaker, [...fiveFailures.slice(1), 'success', ...fiveFailures.slice(1)]);
    expect(breaker.state).toBe('closed');
  });

  test('what is ignored neither counts nor starts it again', () => {
    const { breaker } = make();
    report(breaker, [...fiveFailures.slice(1), 'ignore', 'ignore']);
    expect(breaker.state).toBe('closed');
    report(breaker, ['failure']);
    expect(breaker.state).toBe('open');
  });
});

describe('the share of successes', () => {
  test.each([
    ['exactly 80 % of 20 leaves it closed', 20, 4, 'closed'],
    ['75 % of 20 opens it', 20, 5, 'open'],
    ['74 % of 19 is of too few', 19, 5, 'closed'],
    ['exactly 80 % of 100 leaves it closed', 100, 20, 'closed'],
  ])('%s', (_, calls, failures, state) => {
    const { breaker } = make();
    report(breaker, mixed(calls, failures));
    expect(breaker.state).toBe(state);
  });

  test('one failure more than a fifth opens it', () => {
    const { breaker } = make();
    report(breaker, [...mixed(100, 20), 'failure']);
    expect(breaker.state).toBe('open');
  });

  test('what is ignored is no call', () => {
    const { breaker } = make();
    report(breaker, [...mixed(19, 5), 'ignore', 'ignore']);
    expect(breaker.state).toBe('closed');
  });

  test('outcomes count for ten seconds', () => {
    for (const [at, state] of [
      [9999, 'open'],
      [10_000, 'closed'],
    ] as const) {
      const { breaker, clock } = make();
      report(breaker, mixed(19, 5));
      clock.now = at;
      report(breaker, ['success', 'failure']);
      expect([at, breaker.state]).toEqual([at, state]);
    }
  });

  test('a clock that jumps forgets them', () => {
    const { breaker, clock } = make();
    report(breaker, mixed(19, 5));
    clock.now = 3_600_000;
    report(breaker, mixed(20, 4));
    expect(breaker.state).toBe('closed');
  });
});

describe('probes', () => {
  test('the first call after a second is one, and the only one', () => {
    const { breaker, clock, changes } = open();
    clock.now = 999;
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.now = 1000;
    expect([breaker.state, breaker.retryAfterMs]).toEqual(['half-open', 0]);
    const probe = acquire(breaker);
    expect([breaker.state, breaker.tryAcquire(), breaker.retryAfterMs]).toEqual([
      'half-open',
      undefined,
      5000,
    ]);
    probe.success();
    expect([breaker.state, breaker.retryAfterMs]).toEqual(['closed', 0]);
    expect(changes).toEqual(['closed → open', 'open → half-open', 'half-open → closed']);
  });

  test('a success forgets all that was', () => {
    const { breaker, clock } = make();
    report(breaker, [...mixed(60, 6), 'success', ...fiveFailures]);
    clock.now = 1000;
    report(breaker, ['success', ...mixed(20, 4)]);
    expect(breaker.state).toBe('closed');
    report(breaker, ['failure']);
    expect([breaker.state, breaker.retryAfterMs]).toEqual(['open', 1000]);
  });

  test('after which the failures that opened it do not count towards five in a row', () => {
    const { breaker, clock } = open();
    clock.now = 1000;
    report(breaker, ['success', ...fiveFailures.slice(1)]);
    expect(breaker.state).toBe('closed');
  });

  test('each that fails doubles the wait, up to five seconds', () => {
    const { breaker, clock } = open();
    const waits = [];
    for (let probes = 0; probes < 1100; probes++) {
      waits.push(breaker.retryAfterMs);
      clock.now += breaker.retryAfterMs;
      report(breaker, ['failure']);
    }
    expect(waits.slice(0, 8)).toEqual([1000, 2000, 4000, 5000, 5000, 5000, 5000, 5000]);
    expect(waits.at(-1)).toBe(5000);
  });

  test.each([
    [0, [800, 1600]],
    [1, [1200, 2400]],
  ])('the waits move by a fifth at most (chance %d)', (chance, expected) => {
    const { breaker, clock } = open({ random: () => chance });
    const first = breaker.retryAfterMs;
    clock.now += first;
    report(breaker, ['failure']);
    expect([first, breaker.retryAfterMs]).toEqual(expected);
  });

  test('one that is ignored makes room for the next at once', () => {
    const { breaker, clock, changes } = open();
    clock.now = 1000;
    report(breaker, ['ignore']);
    expect([breaker.state, breaker.retryAfterMs]).toEqual(['half-open', 0]);
    report(breaker, ['success']);
    expect(changes).toEqual(['closed → open', 'open → half-open', 'half-open → closed']);
  });

  test('one that is not heard of holds the others back for five seconds, and the first that is decides', () => {
    for (const [outcome, state] of [
      ['failure', 'open'],
      ['success', 'closed'],
    ] as const) {
      const { breaker, clock } = open();
      clock.now = 1000;
      const slow = acquire(breaker);
      clock.now = 5999;
      expect(breaker.tryAcquire()).toBeUndefined();
      clock.now = 6000;
      acquire(breaker);
      slow[outcome]();
      expect(breaker.state).toBe(state);
    }
  });

  test('one that is late is heard', () => {
    const { breaker, clock } = open();
    clock.now = 1000;
    const late = acquire(breaker);
    clock.now = 100_000;
    late.failure();
    expect([breaker.state, breaker.retryAfterMs]).toEqual(['open', 2000]);
  });

  test('one is enough after a clock that jumped', () => {
    const { breaker, clock } = open();
    clock.now = 3_600_000;
    const probe = acquire(breaker);
    expect(breaker.tryAcquire()).toBeUndefined();
    probe.failure();
    expect(breaker.retryAfterMs).toBe(2000);
  });
});

test('calls from before it opened are not heard, neither while it is open nor after', () => {
  const { breaker, clock } = make();
  const early = Array.from({ length: 30 }, () => acquire(breaker));
  report(breaker, fiveFailures);
  early[0]?.failure();
  early[1]?.success();
  expect([breaker.state, breaker.retryAfterMs]).toEqual(['open', 1000]);
  clock.now = 1000;
  const probe = acquire(breaker);
  early[2]?.success();
  early[3]?.failure();
  early[4]?.ignore();
  expect([breaker.state, breaker.tryAcquire()]).toEqual(['half-open', undefined]);
  probe.success();
  for (const permit of early.slice(5)) permit.failure();
  expect(breaker.state).toBe('closed');
});
