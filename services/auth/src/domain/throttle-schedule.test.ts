import { expect, test } from 'vitest';
import { accountRule, addressRule, delayMs, delaysOf } from './throttle-schedule.ts';

test('five are free, then one second, doubled to a quarter of an hour', () => {
  const minuteMs = 60_000;
  expect(delaysOf(accountRule)).toEqual([
    ...[0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map((seconds) => seconds * 1000),
    15 * minuteMs,
  ]);
  expect(delayMs(1_000_000, accountRule)).toBe(15 * minuteMs);
});

test('an address has twenty, since many people may share it', () => {
  expect(delaysOf(addressRule).findIndex((delay) => delay > 0) + 1).toBe(20);
});

test('nothing is forgotten while a delay lasts', () => {
  for (const rule of [accountRule, addressRule])
    expect(rule.forgetAfterMs).toBeGreaterThan(Math.max(...delaysOf(rule)));
});
