import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Aggregator, type AggregatorOptions } from './index.ts';

let said: string[];
beforeEach(() => {
  vi.useFakeTimers();
  said = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function make(options: Partial<AggregatorOptions<string>> = {}) {
  return new Aggregator<string>({
    report: (event, count, since) => said.push(`${event} ${count} ${since.getTime() % 1_000_000}`),
    ended: (event) => said.push(`${event} ended`),
    ...options,
  });
}

test('the first of a group is reported at once, then once a period how many more there were, and the end', () => {
  vi.setSystemTime(1_000_000);
  const groups = make({ periodMs: 1000, quietPeriods: 2 });
  for (const key of ['a', 'b', 'a', 'a']) groups.add(key, key);
  expect(said).toEqual(['a 1 0', 'b 1 0']);
  vi.advanceTimersByTime(1500);
  groups.add('a', 'another');
  expect(said.splice(0)).toEqual(['a 1 0', 'b 1 0', 'a 2 0']);
  vi.advanceTimersByTime(500);
  expect(said.splice(0)).toEqual(['a 1 1500', 'b ended']);
  vi.advanceTimersByTime(2000);
  expect(said.splice(0)).toEqual(['a ended']);
  expect([groups.size, vi.getTimerCount()]).toEqual([0, 0]);
  groups.add('a', 'a');
  expect(said).toEqual(['a 1 4000']);
});

test('a first report that is delayed counts the burst', () => {
  vi.setSystemTime(1_000_000);
  const groups = make({ firstAfterMs: 500 });
  for (let n = 0; n < 3; n += 1) groups.add('a', 'a');
  expect(said).toEqual([]);
  vi.advanceTimersByTime(500);
  expect(said).toEqual(['a 3 0']);
  vi.advanceTimersByTime(59_500);
  expect(said).toEqual(['a 3 0', 'a ended']);
});

test('beyond the limit no group is added', () => {
  const groups = make();
  expect(['a', 'b', 'c', 'a'].map((key) => groups.add(key, key, 2))).toEqual([true, true, false, true]);
});

test('flush reports what is not reported yet, and leaves no timer', () => {
  vi.setSystemTime(1_000_000);
  const groups = make({ firstAfterMs: 500 });
  groups.add('a', 'a');
  groups.flush();
  expect([said, groups.size, vi.getTimerCount()]).toEqual([['a 1 0'], 0, 0]);
});
