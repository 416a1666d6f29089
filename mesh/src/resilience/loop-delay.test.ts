import { expect, test } from 'vitest';
import { LoopDelay } from './loop-delay.ts';

function statesOf(delays: readonly number[]): string[] {
  const delay = new LoopDelay();
  return delays.map((ms) => {
    delay.sample(ms);
    return delay.state;
  });
}

const inTime = (samples: number): number[] => Array.from({ length: samples }, () => 10);

test('one delay counts for nothing, however long; of several, the second longest', () => {
  expect(statesOf([10, 60_000, ...inTime(25)])).not.toContain('late');
  expect(statesOf([900, 260, 20, 501, 300, 500])).toEqual([
    'in-time',
    'late',
    'late',
    'blocked',
    'blocked',
    'blocked',
  ]);
});

test('a loop that is blocked again and again is blocked, whatever comes in between', () => {
  expect(statesOf([600, 0, 0, 600, 0, 0, 600, 0, 0]).slice(3)).toEqual(Array(6).fill('blocked'));
});

test('a second in time is the end of it', () => {
  const states = statesOf([600, 600, ...inTime(20)]);
  expect([states.at(-3), states.at(-1)]).toEqual(['blocked', 'in-time']);
  const delay = new LoopDelay();
  delay.sample(900);
  expect(delay.delayMs).toBe(900);
});
