import { afterEach, beforeEach, expect, test } from 'vitest';
import { SteadyClock } from '../clock/index.ts';
import {
  createTestIdentity,
  RevocationList,
  silentLogger as log,
  useFakeClock,
  type FakeClock,
  type TestIdentity,
} from '../testing/index.ts';
import { createAuthenticate, followRevocations, type RevocationFollower } from './index.ts';
import { forge } from './testing/forge.ts';

// The wall clock of a machine is set, temporarily or permanently; its monotonic clock is not affected.

const minute = 60_000;
const twoHours = 120 * minute;

let fake: FakeClock;
let ours: TestIdentity;
let list: RevocationList;
let clock: SteadyClock;
let feed: RevocationFollower;
let ask: (token: string) => Promise<string>;
beforeEach(async () => {
  fake = useFakeClock();
  ours = await createTestIdentity();
  list = new RevocationList();
  clock = new SteadyClock({ hasReference: true });
  clock.compare(Date.now(), clock.monotonic());
  feed = await followRevocations({ source: list, from: 'auth', clock, log });
  await feed.loaded();
  const authenticate = createAuthenticate(ours.keys, { revocations: feed.set, clock });
  ask = async (token) => {
    try {
      await authenticate({ authorization: `Bearer ${token}`, userToken: undefined });
      return 'OK';
    } catch (error) {
      return (error as { message: string }).message.replace('The user token is refused: ', '');
    }
  };
});
afterEach(async () => {
  await feed.stop();
  await fake[Symbol.asyncDispose]();
});

const tokenOf = (sid: string, jti: string) =>
  forge(ours.jwk, { kind: 'user', claims: { sid, jti, exp: Math.floor(Date.now() / 1000) + 900 } });

/** Advances the time, and returns the distinct answers to a token meanwhile. */
async function answersWithin(ms: number, token: string): Promise<string[]> {
  const answers = new Set<string>();
  for (let passed = 0; passed < ms; passed += 250) {
    answers.add(await ask(token));
    await fake.advance(250);
  }
  return [...answers];
}

/** The kinds of ids that can be revoked. */
const kinds = [
  ['a token', () => 'jti-1'],
  ['a session', () => 'sid-1'],
  ['a key', () => ours.jwk.kid],
] as const;
const ways = [
  ['forward', twoHours],
  ['back', -twoHours],
] as const;

test.each(kinds.flatMap(([kind, idOf]) => ways.map(([how, by]) => [kind, how, idOf, by] as const)))(
  '%s that was revoked stays so when the clock is set %s by two hours for 75 s',
  async (_kind, _how, idOf, by) => {
    const token = tokenOf('sid-1', 'jti-1');
    expect(await ask(token)).toBe('OK');
    list.revoke(idOf());
    expect(await ask(token)).toBe('it was revoked');
    const { watches } = list.asked;
    fake.setWallClock(by);
    expect(await answersWithin(75_000, token)).not.toContain('OK');
    fake.setWallClock(-by);
    expect(await answersWithin(5 * minute, token)).toEqual(['it was revoked']);
    // After each jump, everything was loaded again.
    expect(list.asked.after.slice(watches)).toEqual([0, 0]);
  },
);

test('what is revoked while the clock is ahead is refused when it is right again', async () => {
  const token = tokenOf('sid-1', 'jti-1');
  fake.setWallClock(twoHours);
  await fake.advance(30_000);
  list.revoke('jti-1', Date.now() - twoHours + 15 * minute);
  await fake.advance(45_000);
  fake.setWallClock(-twoHours);
  expect(await answersWithin(minute, token)).toEqual(['it was revoked']);
});

test('one that has expired, and whose revocation was forgotten for that, is not good again under a clock set back', async () => {
  const token = tokenOf('sid-1', 'jti-1');
  list.revoke('jti-1', Date.now() + 15 * minute);
  await fake.advance(40 * minute);
  expect(feed.set.has('jti-1')).toBe(false);
  expect(await ask(token)).toBe('it has expired');
  fake.setWallClock(-30 * minute);
  expect(await answersWithin(75_000, token)).not.toContain('OK');
});

test('a token that is good is good again as soon as the clock is', async () => {
  const token = tokenOf('sid-1', 'jti-1');
  expect(await ask(token)).toBe('OK');
  fake.setWallClock(twoHours);
  expect(await ask(token)).toBe('it has expired');
  await fake.advance(75_000);
  fake.setWallClock(-twoHours);
  // As after each jump, once auth's clock was read.
  await fake.advance(1000);
  clock.compare(Date.now(), clock.monotonic());
  expect(await ask(token)).toBe('OK');
});

test('one that was taken for good under a wrong clock is looked at again when that is right', async () => {
  const early = forge(ours.jwk, {
    kind: 'user',
    claims: { iat: Math.floor(Date.now() / 1000) + 3600, exp: Math.floor(Date.now() / 1000) + 4500 },
  });
  fake.setWallClock(60 * minute);
  await fake.advance(2000);
  expect(await ask(early)).toBe('OK');
  fake.setWallClock(-60 * minute);
  await fake.advance(2000);
  expect(await ask(early)).toBe('it is not yet valid');
});

test('a laptop that slept asks again when it wakes, and holds what it held', async () => {
  const token = tokenOf('sid-1', 'jti-1');
  list.revoke('jti-1');
  const { watches } = list.asked;
  // Its timers and its monotonic clock were stopped.
  fake.setWallClock(8 * 60 * minute);
  await fake.advance(1000);
  expect(list.asked.watches).toBe(watches + 1);
  expect(feed.status()).toMatchObject({ state: 'following' });
  expect(await ask(token)).not.toBe('OK');
});
