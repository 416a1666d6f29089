import { expect, test } from 'vitest';
import { Latest } from './latest.ts';

test('a slow follower gets the latest value alone, and a stop ends the wait', async () => {
  const latest = new Latest<number>();
  const stop = new AbortController();
  const followed = latest.follow(stop.signal);
  for (let value = 1; value <= 1000; value += 1) latest.set(value);
  expect(await followed.next()).toEqual({ done: false, value: 1000 });
  const next = followed.next();
  latest.set(1001);
  expect(await next).toEqual({ done: false, value: 1001 });
  const last = followed.next();
  stop.abort();
  expect(await last).toEqual({ done: true, value: undefined });
});
