import { expect, test } from 'vitest';
import { Slots } from './slots.ts';

test('gives each value an id of its own, also where a slot is used again', () => {
  const slots = new Slots<string>();
  const [first, second] = [slots.add('a'), slots.add('b')];
  expect([first, second, slots.size]).toEqual([1, 2, 2]);
  expect([slots.take(first), slots.take(first), slots.size]).toEqual(['a', undefined, 1]);
  const third = slots.add('c');
  expect([first, second]).not.toContain(third);
  expect([slots.take(first), slots.take(third), slots.take(second), slots.size]).toEqual([
    undefined,
    'c',
    'b',
    0,
  ]);
});

test.each([0, -1, 3, 1.5, Number.NaN, 2 ** 53])('has nothing under the id %d, which it never gave', (id) => {
  const slots = new Slots<string>();
  slots.add('a');
  expect(slots.take(id)).toBeUndefined();
  expect(slots.size).toBe(1);
});

test('can be emptied, and used again', () => {
  const slots = new Slots<number>();
  const ids = [1, 2, 3].map((value) => slots.add(value));
  slots.take(ids[1] ?? 0);
  expect(slots.clear()).toEqual([1, 3]);
  expect(slots.size).toBe(0);
  expect(slots.take(slots.add(4))).toBe(4);
});
