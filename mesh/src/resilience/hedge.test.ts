import { describe, expect, test } from 'vitest';
import { Hedge, type HedgeOptions } from './hedge.ts';

/** A hedge on a clock that the test moves. */
function make(options: HedgeOptions = {}) {
  const clock = { now: 0 };
  return { clock, hedge: new Hedge({ now: () => clock.now, ...options }) };
}

function calls(hedge: Hedge, count: number, ms?: number): void {
  for (let call = 0; call < count; call++) {
    hedge.onCall();
    if (ms !== undefined) hedge.observe(ms);
  }
}

/** Asks until it is refused. */
function granted(hedge: Hedge): number {
  let hedges = 0;
  while (hedge.tryHedge()) hedges++;
  return hedges;
}

describe('the delay', () => {
  test('is what 99 of a hundred calls do not exceed', () => {
    const { hedge } = make();
    calls(hedge, 980, 10);
    calls(hedge, 20, 300);
    expect(hedge.delayMs()).toBeGreaterThan(270);
    expect(hedge.delayMs()).toBeLessThan(330);
  });

  test('is of the share that is asked for', () => {
    const { hedge } = make({ quantile: 0.9 });
    calls(hedge, 980, 10);
    calls(hedge, 20, 300);
    expect(hedge.delayMs()).toBeLessThan(11);
  });

  test('is unknown below a hundred calls, and after half a minute of silence', () => {
    const { clock, hedge } = make();
    calls(hedge, 99, 10);
    expect(hedge.delayMs()).toBeUndefined();
    calls(hedge, 1, 10);
    clock.now = 200;
    expect(hedge.delayMs()).toBeDefined();
    clock.now = 30_200;
    expect(hedge.delayMs()).toBeUndefined();
  });

  test('is a millisecond at least', () => {
    const { hedge } = make();
    calls(hedge, 100, 0.2);
    expect(hedge.delayMs()).toBe(1);
  });
});

describe('second attempts', () => {
  test.each([
    [99, 0],
    [100, 1],
    [10_000, 100],
  ])('for %d calls are %d', (count, hedges) => {
    const { hedge } = make();
    calls(hedge, count);
    expect(granted(hedge)).toBe(hedges);
  });

  test('are as many as configured', () => {
    const { hedge } = make({ share: 0.1 });
    calls(hedge, 100);
    expect(granted(hedge)).toBe(10);
  });

  test('are not saved for longer than half a minute', () => {
    const { clock, hedge } = make();
    calls(hedge, 1000);
    clock.now = 30_000;
    expect(granted(hedge)).toBe(0);
  });
});

describe('of 10,000 calls, one a millisecond or ten', () => {
  // Generators of their own, so that a failure can be made again.
  const makeRandom = () => {
    let seed = 3;
    return () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  };
  const random = makeRandom();
  const delays: [string, (call: number) => number, number][] = [
    ['equal', () => 5, 0],
    ['slow once in fifty', () => (random() < 0.02 ? 400 + 200 * random() : 5), 80],
    ['slow all at once, for a while', (call) => (call > 6000 && call < 8000 ? 2000 : 5), 50],
    ['slower and slower', (call) => call / 2, 50],
    ['far apart', () => 0.1 * Math.exp(12 * random()), 50],
    ['never answered', (call) => (call < 200 ? 5 : Infinity), 50],
  ];

  /** Makes the calls, each with a second attempt when it is late, if that is granted. */
  function simulate(everyMs: number, delayOf: (call: number) => number) {
    const { clock, hedge } = make();
    const events: (() => void)[][] = [];
    const at = (ms: number, event: () => void): void => void (events[Math.ceil(ms)] ??= []).push(event);
    let hedges = 0;
    let mostTooMany = -Infinity;
    for (let called = 0; called < 10_000; clock.now++) {
      for (const event of events[clock.now] ?? []) event();
      mostTooMany = Math.max(mostTooMany, hedges - called * 0.01);
      if (clock.now % everyMs !== 0) continue;
      const tookMs = delayOf(called++);
      hedge.onCall();
      const delayMs = hedge.delayMs();
      if (delayMs !== undefined && delayMs < tookMs)
        at(clock.now + delayMs, () => {
          if (hedge.tryHedge()) hedges++;
        });
      if (tookMs < Infinity) at(clock.now + tookMs, () => hedge.observe(tookMs));
    }
    return { hedges, mostTooMany };
  }

  test.each(delays)('no more than a hundredth is made twice, at any time (%s)', (_, delayOf, atLeast) => {
    for (const everyMs of [1, 10]) {
      const { hedges, mostTooMany } = simulate(everyMs, delayOf);
      expect(mostTooMany).toBeLessThanOrEqual(0);
      if (everyMs === 1) expect(hedges).toBeGreaterThanOrEqual(atLeast);
    }
  });
});
