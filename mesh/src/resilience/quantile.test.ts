import { describe, expect, test, vi } from 'vitest';
import { LatencyQuantile, type LatencyQuantileOptions } from './quantile.ts';

/** An estimate on a clock that the test moves. */
function make(options: LatencyQuantileOptions = {}) {
  const clock = { now: 0 };
  const latencies = new LatencyQuantile({ now: () => clock.now, ...options });
  const observe = (ms: number, times: number): void => {
    for (let time = 0; time < times; time++) latencies.observe(ms);
  };
  return { clock, latencies, observe };
}

const near = (ms: number) => ({ asymmetricMatch: (got: number) => Math.abs(got - ms) <= ms * 0.1 });

describe('the estimate', () => {
  test('is within a tenth from 0.05 ms to a minute', () => {
    for (let ms = 0.05; ms <= 60_000; ms *= 1.013) {
      const { latencies, observe } = make();
      observe(ms, 100);
      expect(latencies.quantile(0.99)).toEqual(near(ms));
    }
  });

  test.each([
    [0, 0.05],
    [0.001, 0.05],
    [60_000, 60_000],
    [1e12, 60_000],
    [Infinity, 60_000],
  ])('of %d ms is that of %d ms', (ms, as) => {
    const { latencies, observe } = make();
    observe(ms, 100);
    expect(latencies.quantile(0.5)).toEqual(near(as));
  });

  test('agrees with the sorted list', () => {
    // A generator of its own, so that a failure can be made again.
    let seed = 5;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const { latencies, observe } = make({ cacheMs: 0 });
    const all = Array.from({ length: 10_000 }, () => 2 * Math.exp(3 * random() ** 3));
    for (const ms of all) observe(ms, 1);
    const sorted = all.toSorted((a, b) => a - b);
    for (const q of [0.001, 0.1, 0.5, 0.9, 0.99, 0.999])
      expect([q, latencies.quantile(q)]).toEqual([q, near(sorted[Math.ceil(q * all.length) - 1] ?? 0)]);
  });

  test('is of one in a hundred at 0.99, and of the least and the greatest at the ends', () => {
    for (const [slow, p99] of [
      [10, 1],
      [11, 100],
    ] as const) {
      const { latencies, observe } = make({ cacheMs: 0 });
      observe(1, 1000 - slow);
      observe(100, slow);
      expect([slow, latencies.quantile(0.99)]).toEqual([slow, near(p99)]);
      expect([latencies.quantile(0), latencies.quantile(1)]).toEqual([near(1), near(100)]);
    }
  });

  test('is unknown below a hundred observations, of which no time is none', () => {
    const { latencies, observe } = make({ cacheMs: 0 });
    observe(5, 99);
    observe(Number.NaN, 10);
    observe(-1, 10);
    expect(latencies.quantile(0.99)).toBeUndefined();
    observe(5, 1);
    expect(latencies.quantile(0.99)).toEqual(near(5));
  });
});

describe('the window', () => {
  test('holds an observation for twenty to thirty seconds', () => {
    const { clock, latencies, observe } = make({ cacheMs: 0 });
    clock.now = 9999;
    observe(5, 100);
    clock.now = 29_999;
    expect(latencies.quantile(0.99)).toEqual(near(5));
    clock.now = 30_000;
    expect(latencies.quantile(0.99)).toBeUndefined();
  });

  test('is of what came lately', () => {
    const { clock, latencies, observe } = make();
    for (let second = 0; second < 60; second++) {
      clock.now = second * 1000;
      observe(second < 30 ? 100 : 1, 100);
    }
    expect(latencies.quantile(0.99)).toEqual(near(1));
  });

  test('turns also while nobody reads', () => {
    const { clock, latencies, observe } = make();
    observe(100, 6400);
    for (clock.now = 0; clock.now < 100_000; clock.now += 1000) observe(1, 64);
    expect(latencies.quantile(0.99)).toEqual(near(1));
  });

  test('is empty after a clock that jumped', () => {
    const { clock, latencies, observe } = make();
    observe(5, 1000);
    clock.now = 3_600_000;
    expect(latencies.quantile(0.99)).toBeUndefined();
    observe(7, 100);
    clock.now += 100;
    expect(latencies.quantile(0.99)).toEqual(near(7));
  });

  test('goes on under a clock that went back', () => {
    const { clock, latencies, observe } = make();
    clock.now = 100_000;
    observe(5, 50);
    clock.now = 1000;
    observe(5, 50);
    expect(latencies.quantile(0.99)).toEqual(near(5));
  });
});

describe('what was worked out', () => {
  test('holds for a tenth of a second', () => {
    const { clock, latencies, observe } = make();
    observe(1, 100);
    expect(latencies.quantile(0.99)).toEqual(near(1));
    observe(50, 1000);
    clock.now = 99;
    expect(latencies.quantile(0.99)).toEqual(near(1));
    clock.now = 100;
    expect(latencies.quantile(0.99)).toEqual(near(50));
  });

  test('holds for the one that was asked for, and not after the clock went back', () => {
    const { clock, latencies, observe } = make();
    clock.now = 1000;
    observe(1, 900);
    observe(100, 100);
    expect([latencies.quantile(0.5), latencies.quantile(0.99)]).toEqual([near(1), near(100)]);
    observe(500, 1000);
    clock.now = 500;
    expect(latencies.quantile(0.99)).toEqual(near(500));
  });
});

test('the clock is read once for many observations', () => {
  const now = vi.fn(() => 0);
  const latencies = new LatencyQuantile({ now });
  for (let time = 0; time < 640; time++) latencies.observe(1);
  expect(now).toHaveBeenCalledTimes(10);
});
