import { silentLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openAuth, type TestAuth } from '../testing/service.ts';
import { createSessionRetention } from './session-retention.ts';

const day = 24 * 3_600_000;

let auth: TestAuth;
beforeAll(async () => {
  auth = await openAuth();
});
afterAll(() => auth.close());

test('what is over for a day goes, with its refresh tokens, and nothing else', async () => {
  const [ended, expired, active] = [
    await auth.newPerson(),
    await auth.newPerson(),
    await auth.newPerson({ name: 'Ben' }),
  ];
  let { refreshToken } = ended;
  for (let turn = 0; turn < 5; turn += 1) {
    ({ refreshToken } = await auth.ask('sessions.refresh', { refreshToken }));
  }
  await auth.ask('sessions.logout', { refreshToken });
  await auth.client.session.updateMany({
    where: { userId: expired.id },
    data: { expiresAt: new Date(auth.clock.now().getTime() - 1) },
  });
  const retention = createSessionRetention({
    database: auth.client,
    log: silentLogger,
    now: auth.clock.now,
    batch: 2,
  });
  expect(await retention.runOnce()).toBe(0);
  auth.clock.advance(day + 1);
  const second = createSessionRetention({
    database: auth.second.client,
    log: silentLogger,
    now: auth.clock.now,
    batch: 2,
  });
  const deleted = await Promise.all([retention.runOnce(), second.runOnce()]);
  // A run skips rows that the other run has locked.
  expect(deleted[0] + deleted[1] + (await retention.runOnce())).toBe(6 + 1 + 2);
  const left = await auth.client.session.findMany({ include: { refreshTokens: true } });
  expect(left.map(({ userId, refreshTokens }) => [userId, refreshTokens.length])).toEqual([[active.id, 1]]);
});
