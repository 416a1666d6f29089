import { expect, test } from 'vitest';
import { SlidingSum } from './sliding-sum.ts';

test('is what was added within the window, whatever the clock does', () => {
  // A generator of its own, so that a failure can be made again.
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const sum = new SlidingSum(1000);
  const added: { bucket: number; amount: number }[] = [];
  let now = 0;
  for (let step = 0; step < 1000; step++) {
    now += random() < 0.01 ? 5000 * random() : 60 * random();
    const bucket = Math.floor(now / 100);
    const amount = Math.floor(random() * 100) - 30;
    sum.add(amount, now);
    added.push({ bucket, amount });
    const expected = added.filter((each) => each.bucket > bucket - 10);
    expect(sum.total(now)).toBe(expected.reduce((total, each) => total + each.amount, 0));
    if (added.length > 100) added.shift();
  }
});
