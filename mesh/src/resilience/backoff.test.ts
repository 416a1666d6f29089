import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

const backoff = { baseMs: 1000, maxMs: 60_000 };

test('doubles from the first wait to the longest', () => {
  const failures = [1, 2, 3, 6, 7, 1000, Infinity];
  expect(failures.map((count) => backoffMs(count, backoff))).toEqual([
    1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000,
  ]);
});

test.each([
  [0, 800, 48_000],
  [0.5, 1000, 60_000],
  [1, 1200, 72_000],
])('chance (%d) lengthens or shortens it by the jitter', (chance, first, longest) => {
  const jittered = { ...backoff, jitter: 0.2 };
  expect([1, 1000].map((count) => backoffMs(count, jittered, chance))).toEqual([first, longest]);
});

test('has no longest wait but by request, and stays a number', () => {
  expect(backoffMs(11, { baseMs: 1 })).toBe(1024);
  expect(backoffMs(5000, { baseMs: 1 })).toBe(2 ** 30);
});
