import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

test('doubles from a second to a minute, less up to a half by chance, and never less than the first', () => {
  expect([1, 2, 3, 6, 7, 1000].map((failures) => backoffMs(failures, 0.999_999))).toEqual([
    1000, 2000, 4000, 32_000, 60_000, 60_000,
  ]);
  expect([1, 2, 3, 7, 1000].map((failures) => backoffMs(failures, 0))).toEqual([
    1000, 1000, 2000, 30_000, 30_000,
  ]);
});
