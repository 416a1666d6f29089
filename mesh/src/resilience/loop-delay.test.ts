import { expect, test } from 'vitest';
import { LoopDelay } from './loop-delay.ts';

test('two delays in a row count, with the shorter of them', () => {
  const delay = new LoopDelay();
  const states = [10, 900, 20, 260, 300, 900, 600, 501, 500, 251, 250, 900].map((ms) => {
    delay.sample(ms);
    return delay.state;
  });
  expect(states).toEqual([
    'in-time',
    'in-time',
    'in-time',
    'in-time',
    'late',
    'late',
    'blocked',
    'blocked',
    'late',
    'late',
    'in-time',
    'in-time',
  ]);
  expect(delay.delayMs).toBe(900);
});
