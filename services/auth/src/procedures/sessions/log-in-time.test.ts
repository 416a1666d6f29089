import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PasswordHasher } from '../../domain/password.ts';
import { chanceOfSameness } from '../../testing/distinguish.ts';
import { openLogIns } from '../../testing/log-ins.ts';

const email = 'known@example.com';
const password = 'not the right password';
/** Log-ins of each kind to compare; this number finds a difference of 5 % in 99 of 100 runs. */
const enough = 150;
/** False alarms are rarer than this. */
const significance = 1 / 10_000;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase(['auth']);
  const service = await openLogIns(database.url('auth'));
  await service.open(email, 'correct horse battery staple');
  await service.close();
});
afterAll(() => database.drop());

/** Durations of log-ins with known and unknown addresses, in milliseconds, the same number of each. */
async function measure(samples: number, wrap?: (hasher: PasswordHasher) => PasswordHasher) {
  const service = await openLogIns(database.url('auth'), wrap);
  const times = { known: [] as number[], unknown: [] as number[] };
  const take = async (kind: keyof typeof times, n: number) => {
    await service.client.loginThrottle.deleteMany();
    const attempt = { email: kind === 'known' ? email : `nobody-${n}@example.com`, password };
    const since = performance.now();
    const answer = await service.logIn(attempt);
    const took = performance.now() - since;
    expect(answer).toEqual({
      code: 'UNAUTHORIZED',
      message: 'The email address or the password is wrong',
      retryAfterMs: undefined,
    });
    // The first ones warm up code and connections.
    if (n >= 0) times[kind].push(took);
  };
  for (let n = -3; n < samples; n++) {
    // Interleaved in random order, so that other load affects both equally.
    const kinds = ['known', 'unknown'] as const;
    for (const kind of Math.random() < 0.5 ? kinds : kinds.toReversed()) await take(kind, n);
  }
  await service.close();
  return times;
}

test('the time of the answer does not tell whether an address has an account', async () => {
  const { known, unknown } = await measure(enough);
  expect(chanceOfSameness(known, unknown)).toBeGreaterThan(significance);
}, 300_000);

test('the same comparison finds out a service that makes no hash where there is no account', async () => {
  const skips = (hasher: PasswordHasher): PasswordHasher => ({
    ...hasher,
    keepPlace() {
      const place = hasher.keepPlace();
      return {
        matches: async (given, hash, signal) =>
          hash !== undefined && (await place.matches(given, hash, signal)),
        [Symbol.dispose]: () => place[Symbol.dispose](),
      };
    },
  });
  const { known, unknown } = await measure(20, skips);
  expect(chanceOfSameness(known, unknown)).toBeLessThan(significance);
});

test('the comparison itself finds a difference of a twentieth, and none where there is none', () => {
  const around = (middle: number) =>
    Array.from({ length: enough }, () => middle * (0.9 + Math.random() * 0.2));
  // Evenly spread times, without random clustering.
  const evenly = (middle: number) =>
    Array.from({ length: enough }, (_, n) => middle * (0.9 + (n / enough) * 0.2));
  expect(chanceOfSameness(evenly(40), evenly(42))).toBeLessThan(significance);
  const alarms = Array.from({ length: 5 }, () => chanceOfSameness(around(40), around(40))).filter(
    (chance) => chance < significance,
  );
  expect(alarms).toEqual([]);
});
