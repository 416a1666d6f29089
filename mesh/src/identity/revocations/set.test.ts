import { afterEach, beforeEach, expect, test } from 'vitest';
import { useFakeClock, type FakeClock } from '../../testing/index.ts';
import { RevocationSet, type Revocation } from '../index.ts';

let clock: FakeClock;
let set: RevocationSet;
beforeEach(() => {
  clock = useFakeClock();
  set = new RevocationSet();
});
afterEach(async () => {
  set.close();
  await clock[Symbol.asyncDispose]();
});

const minute = 60_000;
const inMinutes = (id: string, minutes: number): Revocation => ({
  id,
  expiresAt: Date.now() + minutes * minute,
});

test('holds what was added, once', () => {
  expect([set.has('a'), set.size]).toEqual([false, 0]);
  set.add([inMinutes('a', 15), inMinutes('b', 15), inMinutes('a', 15)]);
  expect([set.has('a'), set.has('b'), set.has('c'), set.size]).toEqual([true, true, false, 2]);
});

test('an entry goes some time after it has expired, by itself, and not before', async () => {
  set.add([inMinutes('short', 5), inMinutes('long', 90 * 24 * 60)]);
  await clock.advance(6 * minute);
  expect(set.has('short')).toBe(true);
  await clock.advance(3 * minute);
  expect([set.has('short'), set.has('long'), set.size]).toEqual([false, true, 1]);
});

test('one that was added again with a later end stays until then; one with an earlier end changes nothing', async () => {
  set.add([inMinutes('a', 5)]);
  set.add([inMinutes('a', 30)]);
  set.add([inMinutes('a', 10)]);
  await clock.advance(29 * minute);
  expect(set.has('a')).toBe(true);
  await clock.advance(4 * minute);
  expect(set.size).toBe(0);
});

test('what has expired long ago is not taken in', () => {
  set.add([inMinutes('a', -2.1)]);
  expect(set.size).toBe(0);
});

test.each([
  ['forward', 120],
  ['back', -120],
])('a wall clock that is set %s by two hours for 75 s removes nothing', async (_how, minutes) => {
  set.add([inMinutes('a', 15)]);
  await clock.advance(5 * minute);
  clock.setWallClock(minutes * minute);
  await clock.advance(75_000);
  // Entries can be added meanwhile.
  set.add([{ id: 'b', expiresAt: Date.now() - minutes * minute + 10 * minute }]);
  expect([set.has('a'), set.has('b')]).toEqual([true, true]);
  clock.setWallClock(-minutes * minute);
  await clock.advance(2 * minute);
  expect([set.has('a'), set.has('b')]).toEqual([true, true]);
});

test('a million entries are held, and are gone when they have expired', async () => {
  function* many(): Generator<Revocation> {
    for (let n = 0; n < 1_000_000; n += 1) yield inMinutes(`00000000-0000-4000-8000-${n}`, 1 + (n % 15));
  }
  set.add(many());
  set.add([inMinutes('later', 60)]);
  expect(set.size).toBe(1_000_001);
  expect([set.has('00000000-0000-4000-8000-999999'), set.has('00000000-0000-4000-8000-x')]).toEqual([
    true,
    false,
  ]);
  await clock.advance(20 * minute);
  expect([set.size, [...set.entries()].map(({ id }) => id)]).toEqual([1, ['later']]);
});

test('what is held comes back with an end no earlier, and the same each time', () => {
  const { expiresAt } = inMinutes('a', 15);
  set.add([{ id: 'a', expiresAt }]);
  const [first] = [...set.entries()];
  expect(first?.expiresAt).toBeGreaterThanOrEqual(expiresAt);
  expect(first?.expiresAt).toBeLessThanOrEqual(expiresAt + minute);
  const other = new RevocationSet();
  other.add(set.entries());
  expect([...other.entries()]).toEqual([first]);
  other.close();
});

test('who watches an id is told once, within the call that adds it', () => {
  const told: string[] = [];
  set.watch(['token', 'session'], () => told.push('both'));
  const end = set.watch(['token'], () => told.push('ended'));
  end();
  set.add([inMinutes('other', 5)]);
  expect(told).toEqual([]);
  set.add([inMinutes('session', 5)]);
  expect(told).toEqual(['both']);
  set.add([inMinutes('token', 5), inMinutes('session', 15)]);
  expect(told).toEqual(['both']);
  set.watch(['other'], () => told.push('at once'));
  expect(told).toEqual(['both', 'at once']);
});

test('is replaced as a whole: what is gone is gone, what is new is told', async () => {
  const told: string[] = [];
  set.add([inMinutes('old', 15)]);
  set.watch(['new'], () => told.push('new'));
  set.watch(['never'], () => told.push('never'));
  const other = new RevocationSet();
  other.add([inMinutes('new', 5)]);
  set.replaceAll(other);
  expect([set.has('old'), set.has('new'), told]).toEqual([false, true, ['new']]);
  await clock.advance(8 * minute);
  expect(set.size).toBe(0);
});
