import { expect, test } from 'vitest';
import { bucketBounds, percentile } from './percentile.ts';

/** Counts up to each bound, as a histogram has them. @param seconds Of each call. */
function countsOf(seconds: readonly number[]): number[] {
  return bucketBounds.map((bound) => seconds.filter((one) => one <= bound).length);
}

const upTo = (most: number) => Array.from({ length: 1000 }, (_, n) => ((n + 1) / 1000) * most);

test.each<[string, number[], [p50: number, p95: number, p99: number]]>([
  ['uniform up to 100 ms', upTo(0.1), [50, 95, 99]],
  ['uniform up to 1 s', upTo(1), [500, 950, 990]],
  ['uniform up to 10 s', upTo(10), [5000, 9500, 9900]],
  ['all within a millisecond', upTo(0.001), [0.5, 0.95, 0.99]],
  ['nine tenths in 10 ms, one in 1 s', [...upTo(0.01).slice(0, 900), ...upTo(1).slice(900)], [5, 750, 950]],
  ['one call of 30 ms', [0.03], [37.5, 48.8, 49.8]],
  ['all above the last bound', [11, 12, 60], [10_000, 10_000, 10_000]],
])('%s', (_, seconds, expected) => {
  const counts = countsOf(seconds);
  const found = [0.5, 0.95, 0.99].map((q) => percentile(counts, q) ?? NaN);
  for (const [place, ms] of found.entries()) {
    expect(ms).toBeCloseTo(expected[place] as number, 0);
    // Never outside of the bucket of the true value.
    const exact = seconds.toSorted((a, b) => a - b)[
      Math.ceil(([0.5, 0.95, 0.99][place] as number) * seconds.length) - 1
    ];
    const bucket = bucketBounds.findIndex((bound) => (exact as number) <= bound);
    const below = (bucketBounds[bucket - 1] ?? 0) * 1000;
    expect(ms).toBeGreaterThanOrEqual(below);
    expect(ms).toBeLessThanOrEqual((bucketBounds[bucket] as number) * 1000);
  }
});

test('no calls, no percentile', () => {
  expect(percentile(countsOf([]), 0.5)).toBeNull();
});
