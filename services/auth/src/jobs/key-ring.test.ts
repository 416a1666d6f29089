import { randomBytes } from 'node:crypto';
import { nobody } from '@arcadium/mesh/contract';
import { createKeySet, publicPart, verifyToken, type PublicJwk } from '@arcadium/mesh/identity';
import { generateSigningKey, issueUserToken, type PrivateJwk } from '@arcadium/mesh/issuer';
import { recordingLogger, silentLogger } from '@arcadium/mesh/testing';
import { openDatabase, type Database } from '@arcadium/postgres/database';
import { PrismaClient } from '@arcadium/prisma/auth';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Seal } from '../domain/seal.ts';
import { stateOf } from '../domain/signing-keys.ts';
import { createSigningKeyStore } from '../stores/signing-key-store.ts';
import { KeyRing } from './key-ring.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const admin = { caller: nobody, actor: { kind: 'user', id: null } } as const;

let database: TestDatabase;
let opened: Database<PrismaClient>;
let rings: KeyRing[];
/** The current time of the rings. */
let time: number;
let encryptionKey: Buffer;
let first: PrivateJwk;
beforeEach(async () => {
  database = await createTestDatabase(['auth']);
  opened = openDatabase({
    url: database.url('auth'),
    schema: 'auth',
    client: PrismaClient,
    log: silentLogger,
  });
  rings = [];
  time = Date.now();
  encryptionKey = randomBytes(32);
  first = await generateSigningKey();
});
afterEach(async () => {
  await Promise.all(rings.map((ring) => ring.stop()));
  await opened.close();
  await database.drop();
});

type Change = {
  signing?: [PrivateJwk, ...PrivateJwk[]];
  publicOnly?: PublicJwk[];
  days?: number;
  seal?: Buffer;
};

/** The ring of a further replica. */
async function startRing({
  signing = [first],
  publicOnly = [],
  days = 90,
  seal = encryptionKey,
}: Change = {}) {
  const log = recordingLogger();
  const ring = new KeyRing({
    environment: { signing, publicOnly },
    store: createSigningKeyStore(opened.client),
    seal: new Seal(seal),
    databaseUrl: database.url('auth'),
    log,
    now: () => new Date(time),
    leadMs: 15 * minuteMs,
    days,
  });
  rings.push(ring);
  await ring.prepare();
  await ring.start();
  return Object.assign(ring, { log });
}

const kids = (ring: KeyRing) => ring.jwks()?.keys.map(({ kid }) => kid);

/** Rotates, and returns the new key's id. */
async function rotated(ring: KeyRing): Promise<string> {
  const rotation = await ring.rotate(admin);
  if (rotation.kind !== 'made') throw new Error(`There is no new key: ${rotation.kind}`);
  return rotation.kid;
}

test('the first key signs at once, those that never sign here are retired, and no private part is stored', async () => {
  const former = publicPart(await generateSigningKey());
  const ring = await startRing({ publicOnly: [former] });
  expect(ring.signer().kid).toBe(first.kid);
  expect(new Set(kids(ring))).toEqual(new Set([first.kid, former.kid]));
  expect(stateOf(ring.find(former.kid), ring.keys, new Date(time))).toBe('retired');
  expect(ring.keys.map(({ sealedPrivate }) => sealedPrivate)).toEqual([null, null]);
});

describe('a rotation', () => {
  test('is published at once and signs after the lead, in every replica in the same moment', async () => {
    const [one, other] = [await startRing(), await startRing()];
    const kid = await rotated(one);
    await vi.waitFor(() => expect(kids(other)).toContain(kid));
    time += 15 * minuteMs - 1;
    expect([one.signer().kid, other.signer().kid]).toEqual([first.kid, first.kid]);
    time += 1;
    expect([one.signer().kid, other.signer().kid]).toEqual([kid, kid]);
    const { token } = await issueUserToken(other.signer(), { id: 'u', name: 'Ann', role: 'user' });
    expect(await verifyToken('user', token, { keys: one.keySet })).toMatchObject({ kid });
  });

  test('of SIGNING_KEYS while it runs: the new first key signs after the lead, until then the former one', async () => {
    const ring = await startRing();
    const next = await generateSigningKey();
    await ring.useEnvironment({ signing: [next] });
    expect(new Set(kids(ring))).toEqual(new Set([first.kid, next.kid]));
    expect(ring.signer().kid).toBe(first.kid);
    time += 15 * minuteMs;
    expect(ring.signer().kid).toBe(next.kid);
    expect(await ring.keySet.find(first.kid)).toBeDefined();
  });

  test('makes one key, however many ask at once, and none while it waits', async () => {
    const [one, other] = [await startRing(), await startRing()];
    const asked = await Promise.all([one, other, one, other].map((ring) => ring.rotate(admin)));
    expect(asked.filter(({ kind }) => kind === 'made')).toHaveLength(1);
    expect(asked.filter(({ kind }) => kind === 'waits')).toHaveLength(3);
    expect(await opened.client.signingKey.count()).toBe(2);
    expect(await opened.client.auditEntry.count({ where: { event: 'key.rotated' } })).toBe(1);
  });

  test('ends where no more keys can be published', async () => {
    const ring = await startRing();
    for (let n = 1; n < 20; n += 1) {
      await rotated(ring);
      time += 15 * minuteMs;
    }
    expect(await ring.rotate(admin)).toEqual({ kind: 'full', published: 20 });
    expect(kids(ring)).toHaveLength(20);
  });

  test('keeps the private part sealed: nobody reads it without ENCRYPTION_KEY', async () => {
    const ring = await startRing();
    const kid = await rotated(ring);
    const row = await opened.client.signingKey.findUniqueOrThrow({ where: { kid } });
    expect(Buffer.from(row.sealedPrivate ?? []).toString('latin1')).not.toContain('"d"');
    expect(Object.keys(row.publicJwk as object)).not.toContain('d');
    time += 15 * minuteMs;
    const stranger = await startRing({ seal: randomBytes(32) });
    expect(stranger.signer().kid).toBe(first.kid);
    expect(stranger.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: expect.objectContaining({ kid }) }),
    );
    expect(kids(stranger)).toContain(kid);
    expect((await startRing()).signer().kid).toBe(kid);
  });
});

describe('the environment', () => {
  test('a new first key is published at once and signs after the lead, wherever it is at hand', async () => {
    const before = await startRing();
    const second = await generateSigningKey();
    const after = await startRing({ signing: [second, first] });
    await vi.waitFor(() => expect(kids(before)).toContain(second.kid));
    expect(after.signer().kid).toBe(first.kid);
    time += 15 * minuteMs;
    expect(after.signer().kid).toBe(second.kid);
    expect(before.signer().kid).toBe(first.kid);
  });

  test('a key that was published before waits for no more than is left of the lead', async () => {
    const second = await generateSigningKey();
    await startRing({ publicOnly: [publicPart(second)] });
    time += 10 * minuteMs;
    const ring = await startRing({ signing: [second, first] });
    time += 5 * minuteMs - 1;
    expect(ring.signer().kid).toBe(first.kid);
    time += 1;
    expect(ring.signer().kid).toBe(second.kid);
  });

  test('with none of its keys at hand any more, one is made that signs at once', async () => {
    await rotated(await startRing());
    await opened.client.signingKey.update({ where: { kid: first.kid }, data: { removedAt: new Date(time) } });
    const ring = await startRing({ seal: randomBytes(32) });
    expect(ring.find(ring.signer().kid).sealedPrivate).not.toBeNull();
    expect(ring.log.lines.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('the first key of SIGNING_KEYS was removed'),
    );
  });
});

describe('a key that is withdrawn', () => {
  test('is refused at once, another signs, and its services’ tokens are void', async () => {
    const [one, other] = [await startRing(), await startRing()];
    await opened.client.service.create({ data: { id: 's', name: 'wiki' } });
    await opened.client.serviceToken.create({
      data: {
        jti: 'token',
        serviceId: 's',
        kid: first.kid,
        origin: 'issued',
        issuedAt: new Date(time),
        expiresAt: new Date(time + 90 * dayMs),
      },
    });
    expect(await one.withdraw(first.kid, admin)).toBe(true);
    expect(await one.withdraw(first.kid, admin)).toBe(true);
    expect(await one.withdraw('unknown', admin)).toBe(false);
    const next = one.signer().kid;
    expect(next).not.toBe(first.kid);
    await vi.waitFor(() => expect(other.keySet.trusted.has(first.kid)).toBe(false));
    expect(other.signer().kid).toBe(next);
    expect(kids(other)).toEqual([next]);
    expect(await opened.client.tokenBlacklist.count({ where: { jti: 'token' } })).toBe(1);
    // The key itself too, as long as a thief could make valid tokens with it.
    const revoked = await opened.client.tokenBlacklist.findUniqueOrThrow({ where: { jti: first.kid } });
    expect(revoked.expiresAt.toISOString()).toBe('9999-12-31T23:59:59.000Z');
    // It does not come back with the environment either.
    expect((await startRing()).signer().kid).toBe(next);
  });

  test('hands over to the next key, if one waits; one that waits hands over to nobody', async () => {
    const ring = await startRing();
    const next = await rotated(ring);
    await ring.withdraw(next, admin);
    expect(ring.signer().kid).toBe(first.kid);
    time += 20 * minuteMs;
    expect(ring.signer().kid).toBe(first.kid);
    expect(stateOf(ring.find(first.kid), ring.keys, new Date(time))).toBe('active');
    const waiting = await rotated(ring);
    await ring.withdraw(first.kid, admin);
    expect(ring.signer().kid).toBe(waiting);
  });
});

test('a key that another replica made is found when a token names it, and an unknown one is not', async () => {
  const [one, other] = [await startRing(), await startRing()];
  const kid = await rotated(one);
  await vi.waitFor(async () => expect(await other.keySet.find(kid)).toBeDefined(), 5000);
  expect(await other.keySet.find('unknown')).toBeUndefined();
});

test('before the database has answered the keys of the environment verify, and nothing is said of others', async () => {
  const ring = new KeyRing({
    environment: { signing: [first], publicOnly: [] },
    store: createSigningKeyStore(opened.client),
    seal: new Seal(encryptionKey),
    databaseUrl: database.url('auth'),
    log: silentLogger,
    now: () => new Date(time),
    leadMs: minuteMs,
    days: 90,
  });
  await ring.prepare();
  expect(ring.keySet.trusted.has(first.kid)).toBe(true);
  expect(ring.jwks()).toBeUndefined();
  await database.drop();
  await expect(ring.keySet.find('other')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(() => ring.signer()).toThrow('No signing key is available');
});

test('200 days on two replicas: keys follow one another, and no token is refused before it expires', async () => {
  const [one, other] = [await startRing(), await startRing()];
  const begunAt = time;
  const signed: { kid: string; expiresAt: number }[] = [];
  const used = new Set<string>();
  for (let step = 0; time < begunAt + 200 * dayMs; step += 1) {
    const ring = step % 2 === 0 ? one : other;
    const { kid } = ring.signer();
    used.add(kid);
    signed.push({ kid, expiresAt: time + 90 * dayMs });
    await ring.care();
    await vi.waitFor(() => expect(kids(one)?.toSorted()).toEqual(kids(other)?.toSorted()));
    for (const each of [one, other]) {
      expect(each.signer().kid).toBe(ring.signer().kid);
      const published = kids(each);
      expect(published).toContain(each.signer().kid);
      const needed = signed.filter(({ expiresAt }) => expiresAt > time).map((token) => token.kid);
      for (const needle of new Set(needed)) expect(published).toContain(needle);
    }
    time += 12 * 60 * minuteMs;
  }
  expect(used.size).toBe(3);
  expect(kids(one)).not.toContain(first.kid);
  expect(one.find(first.kid).removedAt).not.toBeNull();
  // A verifier that fetched the keys one lead time ago knows the signing key.
  const keySet = await createKeySet({ initial: one.jwks()?.keys ?? [], log: silentLogger });
  expect(keySet.trusted.has(other.signer().kid)).toBe(true);
});
