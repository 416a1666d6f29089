import { expect, test } from 'vitest';
import { Timeline } from './timeline.ts';
import { bucketBounds, isFault, percentile, Traffic } from './traffic.ts';

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

test.each([
  ['OK', false],
  ['NOT_FOUND', false],
  ['TOO_MANY_REQUESTS', false],
  ['CLIENT_CLOSED_REQUEST', false],
  ['TIMEOUT', true],
  ['SERVICE_UNAVAILABLE', true],
  ['INTERNAL_SERVER_ERROR', true],
  ['A_CODE_OF_TOMORROW', true],
])('%s is a fault of the server: %s', (code, fault) => {
  expect(isFault(code)).toBe(fault);
});

/** Traffic that is marked every two seconds. */
function watched() {
  const timeline = new Timeline(31);
  const traffic = new Traffic(timeline);
  let now = 0;
  return {
    traffic,
    timeline,
    /** Adds calls of 30 ms and marks. */
    round(calls: Readonly<Record<string, number>> = {}) {
      for (const [code, count] of Object.entries(calls))
        for (const bucket of bucketBounds.keys()) if (bucket >= 5) traffic.add(bucket, count, code);
      timeline.mark((now += 2000));
    },
    over: (ms: number) => traffic.figures(timeline.last(ms)),
  };
}

test('figures are of the span that is asked for, and of no more', () => {
  const { round, over } = watched();
  round({ OK: 5 });
  expect(over(10_000)).toEqual({ rate: 0, success: null, p50: null, p95: null, p99: null });
  round({ OK: 3, TIMEOUT: 1 });
  expect(over(10_000)).toMatchObject({ rate: 2, success: 0.75 });
  for (let n = 0; n < 4; n += 1) round({ OK: 4 });
  expect(over(10_000)).toMatchObject({ rate: 2, success: 0.95 });
  round({ OK: 4 });
  expect(over(10_000)).toMatchObject({ rate: 2, success: 1, p50: 37.5 });
  expect(over(60_000)).toMatchObject({ rate: 2, success: 1 - 1 / 24 });
  for (let n = 0; n < 5; n += 1) round();
  expect(over(10_000)).toMatchObject({ rate: 0, success: null, p99: null });
  for (let n = 0; n < 100; n += 1) round({ NOT_FOUND: 2 });
  expect(over(60_000)).toMatchObject({ rate: 1, success: 1 });
});

test('a process without some of the bounds leaves the percentiles in order', () => {
  const { traffic, timeline } = watched();
  timeline.mark(0);
  // 10 calls up to 50 ms and 20 in all, as told by a process that knows two bounds.
  traffic.add(5, 10, 'OK');
  traffic.add(13, 20, 'OK');
  timeline.mark(1000);
  const { p50, p95 } = traffic.figures(timeline.last(10_000));
  expect(p50).toBe(50);
  expect(p95).toBe(10_000);
});
