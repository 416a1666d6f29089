import { expect, test } from 'vitest';
import { createPasswordHasher } from './password.ts';

const password = 'correct horse battery staple';

test('a password matches its own hash and no other', async () => {
  const hasher = createPasswordHasher();
  const hash = await hasher.hash(password);
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(await hasher.matches(password, hash)).toBe(true);
  expect(await hasher.matches(`${password}!`, hash)).toBe(false);
  expect(await hasher.matches(password, undefined)).toBe(false);
});

test('a hash of other parameters is checked with those', async () => {
  // argon2id of "password" with the salt "somesalt" from the reference implementation's own test vectors.
  const reference = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  expect(await createPasswordHasher().matches('password', reference)).toBe(true);
});

test('what could not begin in time is refused at once, and the others served', async () => {
  const hasher = createPasswordHasher();
  const since = performance.now();
  const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => hasher.hash(password)));
  // Two seconds in the queue, plus the hash that starts at their end.
  expect(performance.now() - since).toBeLessThan(8000);
  hasher.keepPlace()[Symbol.dispose]();
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(refused.length).toBeGreaterThan(100);
  expect(refused.length).toBeLessThan(200);
  for (const reason of refused) {
    expect(reason).toMatchObject({ code: 'TOO_MANY_REQUESTS', retry: 'safe' });
    expect(reason.retryAfterMs).toBeGreaterThanOrEqual(1000);
  }
});

test('a hash that nobody waits for any more is not made', async () => {
  // A long limit, so that a slow machine makes all hashes.
  const hasher = createPasswordHasher(60_000);
  const gone = new AbortController();
  const served = [hasher.hash(password), hasher.hash(password)];
  const late = Array.from({ length: 20 }, () => hasher.hash(password, gone.signal));
  gone.abort(new Error('gone'));
  const outcomes = await Promise.allSettled(late);
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
  expect(await Promise.all(served)).toHaveLength(2);
});

test('what is stored and is no hash is a fault, not a wrong password', async () => {
  await expect(createPasswordHasher().matches(password, 'plain')).rejects.toThrow('unknown format');
});
