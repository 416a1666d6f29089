import { describe, expect, test } from 'vitest';
import { LatencyQuantile } from './quantile.ts';

/** An estimate on a clock that the test sets. */
function make() {
  const clock = { now: 0 };
  const latencies = new LatencyQuantile(() => clock.now);
  const observe = (ms: number, times: number): void => {
    for (let time = 0; time < times; time++) latencies.observe(ms);
  };
  return { clock, latencies, observe };
}

describe('the estimate', () => {
  test('is that of the sorted list', () => {
    // A seeded generator, so that a failure is reproducible.
    let seed = 5;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const { latencies } = make();
    const all = Array.from({ length: 5000 }, () => 2 * Math.exp(3 * random() ** 3));
    for (const ms of all) latencies.observe(ms);
    const sorted = all.toSorted((a, b) => a - b);
    for (const q of [0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1])
      expect([q, latencies.quantile(q)]).toEqual([q, sorted[Math.max(0, Math.ceil(q * 5000) - 1)]]);
  });

  test.each([
    [10, 1],
    [11, 100],
  ])('with %d slow calls in 1000 is %d ms at 0.99', (slow, p99) => {
    const { latencies, observe } = make();
    observe(1, 1000 - slow);
    observe(100, slow);
    expect(latencies.quantile(0.99)).toBe(p99);
    expect([latencies.quantile(0), latencies.quantile(1)]).toEqual([1, 100]);
  });

  test('takes latencies of zero and of a call that never ends', () => {
    const { latencies, observe } = make();
    observe(0, 100);
    observe(Infinity, 1);
    expect([latencies.quantile(0.5), latencies.quantile(1)]).toEqual([0, Infinity]);
  });

  test('is unknown with fewer than 100 latencies; NaN and negative values do not count', () => {
    const { clock, latencies, observe } = make();
    observe(5, 99);
    observe(Number.NaN, 10);
    observe(-1, 10);
    expect(latencies.quantile(0.99)).toBeUndefined();
    observe(5, 1);
    clock.now = 200;
    expect(latencies.quantile(0.99)).toBe(5);
  });
});

describe('a latency counts', () => {
  test('for 30 seconds', () => {
    const { clock, latencies, observe } = make();
    observe(5, 100);
    clock.now = 29_999;
    expect(latencies.quantile(0.99)).toBe(5);
    clock.now = 30_199;
    expect(latencies.quantile(0.99)).toBeUndefined();
  });

  test('until 5000 later ones have replaced it', () => {
    const { clock, latencies, observe } = make();
    observe(100, 5000);
    observe(1, 4949);
    expect(latencies.quantile(0.99)).toBe(100);
    observe(1, 51);
    clock.now = 200;
    expect(latencies.quantile(1)).toBe(1);
  });

  test('not after the clock jumped ahead, and still after it went back', () => {
    const { clock, latencies, observe } = make();
    observe(5, 1000);
    clock.now = 3_600_000;
    expect(latencies.quantile(0.99)).toBeUndefined();
    observe(7, 50);
    clock.now = 1000;
    observe(7, 50);
    expect(latencies.quantile(0.99)).toBe(7);
  });
});

test('new latencies show after 200 ms', () => {
  const { clock, latencies, observe } = make();
  observe(1, 100);
  expect(latencies.quantile(0.99)).toBe(1);
  observe(50, 1000);
  clock.now = 199;
  expect(latencies.quantile(0.99)).toBe(1);
  clock.now = 200;
  expect(latencies.quantile(0.99)).toBe(50);
});
