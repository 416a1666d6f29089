import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { createTestIdentity, useFakeClock, type TestIdentity } from '../testing/index.ts';
import { createMemory } from './authenticate.ts';
import { createAuthenticate } from './index.ts';
import { claimsOf, encode, forge, headerOf, now } from './testing/forge.ts';

let ours: TestIdentity;
beforeAll(async () => {
  ours = await createTestIdentity();
});

/** A check of credentials that counts key lookups: one for each signature checked. */
function counting() {
  const find = vi.fn(ours.keys.find);
  return { find, authenticate: createAuthenticate({ ...ours.keys, find }) };
}

const asService = (token: string) => ({ authorization: `Service-Token ${token}`, userToken: undefined });
const asUser = (token: string) => ({ authorization: `Bearer ${token}`, userToken: undefined });

test('a million bad tokens are refused without a signature checked, and push out no good one', async () => {
  const { find, authenticate } = counting();
  const good = asService(await ours.serviceToken('wiki'));
  const known = await authenticate(good);
  // For each reason to refuse a token before its signature is checked, more tokens than are remembered.
  const [header, payload] = [encode(headerOf(ours.jwk)), encode(claimsOf())];
  const other = encode({ ...headerOf(ours.jwk), alg: 'none' });
  const makers: ((n: number) => string)[] = [
    (n) => `${n}.${random}`,
    (n) => `${random}${n}`,
    (n) => `${other}.${payload}.${n}`,
    (n) => `${header}.${payload}.${n}`,
  ];
  const random = randomBytes(300).toString('base64url');
  const refusals = new Set<unknown>();
  for (let batch = 0; batch < 1000; batch += 1) {
    const attempts = Array.from({ length: 1000 }, (_, n) => {
      const token = makers[n % makers.length]?.(batch * 1000 + n) ?? '';
      return authenticate(n % 2 === 0 ? asService(token) : asUser(token));
    });
    for (const { status } of await Promise.allSettled(attempts.map((one) => Promise.resolve(one))))
      refusals.add(status);
  }
  expect(refusals).toEqual(new Set(['rejected']));
  expect(find).toHaveBeenCalledTimes(1);
  // Synchronously, and the same object: it was not verified again.
  expect(authenticate(good)).toEqual(known);
  expect(find).toHaveBeenCalledTimes(1);
});

test('a flood of good tokens of users pushes out no service’s', async () => {
  const { find, authenticate } = counting();
  const services = ['wiki', 'notification', 'auth'].map((name) =>
    asService(forge(ours.jwk, { claims: { service_name: name, exp: now() + 600 } })),
  );
  for (const service of services) await authenticate(service);
  for (let n = 0; n < 10_500; n += 1) {
    const token = forge(ours.jwk, { kind: 'user' });
    await authenticate(asUser(token));
    await authenticate({ ...services[0], userToken: token, authorization: services[0]?.authorization });
  }
  find.mockClear();
  for (const service of services) await authenticate(service);
  expect(find).not.toHaveBeenCalled();
});

test('one good token, written in many ways, pushes out no other', async () => {
  const { find, authenticate } = counting();
  const good = asUser(forge(ours.jwk, { kind: 'user' }));
  await authenticate(good);
  const other = forge(ours.jwk, { kind: 'user' });
  // In a WebSocket message, a header may be any text; over HTTP, it may end with a no-break space.
  const written = (n: number) =>
    n.toString(2).padStart(43, '0').replaceAll('0', ' ').replaceAll('1', '\u00a0');
  const attempts = Array.from({ length: 10_100 }, async (_, n) =>
    authenticate(asUser(`${other}${written(n)}`)),
  );
  await Promise.allSettled(attempts);
  find.mockClear();
  await authenticate(good);
  expect(find).not.toHaveBeenCalled();
});

test.each([
  ['spaces before it', (token: string) => `Bearer   ${token}`, true],
  ['spaces after it', (token: string) => `Bearer ${token}  `, false],
  ['a tab before it', (token: string) => `Bearer \t${token}`, false],
  ['more spaces than anybody needs', (token: string) => `Bearer${' '.repeat(9000)}${token}`, false],
  ['a no-break space before it', (token: string) => `Bearer \u00a0${token}`, false],
])(
  'of what stands around a token only spaces before it are nothing (RFC 9110 §11.4): %s',
  async (_what, write, isGood) => {
    const { authenticate } = counting();
    const token = forge(ours.jwk, { kind: 'user' });
    const asked = Promise.resolve(authenticate({ authorization: write(token), userToken: undefined }));
    if (isGood) await expect(asked).resolves.toBeDefined();
    else await expect(asked).rejects.toThrow('refused');
  },
);

describe('the memory', () => {
  const proof = (expiresAt = Infinity, name = 'wiki') => ({
    identity: { id: 'wiki-id', name, tokenId: 'token', expiresAt },
    kid: ours.jwk.kid,
  });

  test('holds so many and no more, whatever comes, those that come back', () => {
    const memory = createMemory(ours.keys.trusted);
    for (let n = 0; n < 100_000; n += 1) {
      memory.keep(`token ${n}`, proof());
      memory.recall('token 0');
    }
    expect(memory.size).toBe(10_000);
    expect(memory.recall('token 0')).toBeDefined();
    expect(memory.recall('token 1')).toBeUndefined();
  });

  test('tells texts apart that end alike', () => {
    const memory = createMemory(ours.keys.trusted);
    const end = 'x'.repeat(100);
    memory.keep(`one ${end}`, proof());
    expect(memory.recall(`two ${end}`)).toBeUndefined();
    memory.keep('between', proof(Infinity, 'other'));
    expect(memory.recall(`two ${end}`)).toBeUndefined();
    expect(memory.recall(`one ${end}`)).toBeDefined();
  });

  test('forgets what has expired', async () => {
    await using clock = useFakeClock();
    const memory = createMemory(ours.keys.trusted);
    for (let n = 0; n < 1000; n += 1) memory.keep(`short ${n}`, proof(Date.now() + 1000));
    memory.keep('long', proof());
    await clock.advance(59_000);
    memory.keep('next', proof());
    expect(memory.size).toBe(1002);
    await clock.advance(1000);
    memory.keep('last', proof());
    expect(memory.size).toBe(3);
  });

  test('knows no token whose key is withdrawn', () => {
    const memory = createMemory({ has: () => false });
    memory.keep('token', proof());
    expect([memory.recall('token'), memory.size]).toEqual([undefined, 0]);
  });
});
