import { expect, test } from 'vitest';
import { subsetOf } from './subset.ts';

const names = (count: number) =>
  Array.from({ length: count }, (_, n) => `http://10.0.${n >> 8}.${n & 255}:5000`);
const subset = (of: readonly string[], seed: number, most = 100) =>
  subsetOf(of, { most, seed, nameOf: (name) => name });

test('all of as many as it may use', () => {
  const all = names(100);
  expect(subset(all, 1)).toBe(all);
});

test('an endpoint that comes or goes changes at most one place', () => {
  const all = names(1000);
  for (let seed = 0; seed < 10; seed += 1) {
    const before = subset(all, seed);
    expect(before).toHaveLength(100);
    const [gone] = before;
    const after = subset(
      all.filter((name) => name !== gone),
      seed,
    );
    expect(after).toHaveLength(100);
    expect(before.filter((name) => !after.includes(name))).toEqual([gone]);
  }
});

test('the subsets of 300 clients spread over 300 endpoints: each is used by 60, give or take a half', () => {
  const all = names(300);
  const users = new Map(all.map((name) => [name, 0]));
  for (let client = 0; client < 300; client += 1)
    for (const name of subset(all, Math.floor(Math.random() * 2 ** 32), 60))
      users.set(name, (users.get(name) ?? 0) + 1);
  const counts = [...users.values()];
  expect(Math.max(...counts)).toBeLessThan(90);
  expect(Math.min(...counts)).toBeGreaterThan(30);
});
