import { afterEach, beforeEach, expect, test } from 'vitest';
import { useFakeClock, type FakeClock } from '../testing/index.ts';
import { SteadyClock } from './index.ts';

const minute = 60_000;
const hour = 60 * minute;
const begin = Date.UTC(2026, 0, 1);

let fake: FakeClock;
let passed: number;
let set: number;
beforeEach(() => {
  fake = useFakeClock();
  passed = 1000;
  set = begin;
});
afterEach(() => fake[Symbol.asyncDispose]());

/** Advances both clocks. */
async function pass(ms: number): Promise<void> {
  passed += ms;
  await fake.advance(ms);
}

const open = (options: { hasReference?: boolean } = {}) =>
  new SteadyClock({ wall: () => set + passed - 1000, monotonic: () => passed, ...options });

test.each([
  ['ahead', 2 * hour],
  ['behind', -2 * hour],
])('what is forgotten goes by no clock that was set %s for a while', async (_how, by) => {
  const clock = open();
  await pass(10 * minute);
  set += by;
  expect(clock.now()).toBe(begin + 10 * minute + by);
  expect(clock.earliest()).toBe(begin + 10 * minute + Math.min(0, by));
  await pass(75_000);
  set -= by;
  expect(clock.now()).toBe(begin + 10 * minute + 75_000);
  expect(clock.earliest()).toBeLessThanOrEqual(clock.now());
});

test('a clock that was set is believed a day later', async () => {
  const clock = open();
  set += 2 * hour;
  expect(clock.earliest()).toBe(begin);
  await pass(23 * hour);
  expect(clock.earliest()).toBe(begin + 23 * hour);
  await pass(hour);
  expect(clock.earliest()).toBe(clock.now());
});

test('each jump is told within a second, there and back; time that passes is none', async () => {
  const clock = open();
  const told: number[] = [];
  const end = clock.onJump((by) => told.push(by));
  const { epoch } = clock;
  await pass(hour);
  expect(told).toEqual([]);
  set += 2 * hour;
  await pass(1000);
  set -= 2 * hour;
  // Reading the clock in between does not suppress the notification.
  clock.earliest();
  await pass(1000);
  expect(told).toEqual([2 * hour, -2 * hour]);
  expect(clock.epoch).toBe(epoch + 2);
  end();
  set += hour;
  await pass(2000);
  expect(told).toHaveLength(2);
});

test('with a reference nothing is forgotten before that has said what time it is, and nothing before its time', () => {
  const clock = open({ hasReference: true });
  expect(clock.earliest()).toBe(0);
  clock.compare(begin - hour, passed);
  expect(clock.earliest()).toBe(begin - hour);
  expect(clock.aheadMs).toBe(hour);
  clock.compare(begin + hour, passed);
  expect(clock.earliest()).toBe(begin);
});

test('what has expired stays so under a clock that was set back, until the reference has that time, too', async () => {
  const clock = open({ hasReference: true });
  clock.compare(begin, passed);
  set -= 40 * minute;
  expect(clock.latest()).toBe(begin);
  clock.compare(begin, passed);
  expect([clock.latest(), clock.now()]).toEqual([begin, begin - 40 * minute]);
  await pass(minute);
  clock.compare(begin - 39 * minute, passed);
  expect(clock.latest()).toBe(clock.now());
});

test('a clock that was ahead from the start is right as soon as it is set, if the reference says so', () => {
  set += 2 * hour;
  const clock = open({ hasReference: true });
  clock.compare(begin, passed);
  set -= 2 * hour;
  clock.compare(begin, passed);
  expect([clock.latest(), clock.earliest()]).toEqual([begin, begin]);
});
