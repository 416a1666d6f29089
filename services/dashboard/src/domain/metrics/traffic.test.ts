import { bucketBounds } from '@arcadium/mesh/exposition';
import { expect, test } from 'vitest';
import { Timeline } from './timeline.ts';
import { Traffic } from './traffic.ts';

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
