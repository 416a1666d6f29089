import type { Authenticate } from '@arcadium/mesh/identity';
import { createTestIdentity, recordingLogger, silentLogger, type TestIdentity } from '@arcadium/mesh/testing';
import { openDatabase, type Database } from '@arcadium/postgres/database';
import { PrismaClient } from '@arcadium/prisma/auth';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createServiceTokenStore, type ServiceTokenStore } from './stores/service-token-store.ts';
import { ourselves } from './stores/audit-log.ts';
import { Sightings } from './sightings.ts';

let identity: TestIdentity;
let database: TestDatabase;
let opened: Database<PrismaClient>;
let store: ServiceTokenStore;
beforeAll(async () => {
  identity = await createTestIdentity();
  database = await createTestDatabase(['auth']);
  opened = openDatabase({
    url: database.url('auth'),
    schema: 'auth',
    client: PrismaClient,
    log: silentLogger,
  });
  store = createServiceTokenStore(opened.client);
});
afterAll(async () => {
  await opened.close();
  await database.drop();
});

/** Presents a token, and returns its id. */
async function present(authenticate: Authenticate, token: string): Promise<string> {
  const caller = await authenticate({ authorization: `Service-Token ${token}`, userToken: undefined });
  return caller.service?.tokenId ?? 'none';
}

test('a token is recorded once, however often it is presented', async () => {
  const record = vi.fn(store.record);
  const sightings = new Sightings({ record }, silentLogger);
  const authenticate = sightings.noticing(identity.authenticate);
  const token = await identity.serviceToken('wiki');
  const [tokenId = ''] = await Promise.all(Array.from({ length: 20 }, () => present(authenticate, token)));
  await sightings.settled(tokenId);
  await present(authenticate, token);
  expect(record).toHaveBeenCalledTimes(1);
  expect(await store.find(tokenId)).toMatchObject({
    origin: 'set-up',
    service: { id: 'wiki-id', name: 'wiki' },
  });
});

test('the call does not wait for it, and what failed is made good with the next call', async () => {
  let down = true;
  const log = recordingLogger();
  const record: ServiceTokenStore['record'] = async (token) => {
    if (down) throw new Error('the connection was closed');
    return store.record(token);
  };
  const sightings = new Sightings({ record }, log);
  const authenticate = sightings.noticing(identity.authenticate);
  const token = await identity.serviceToken('notification');
  const tokenId = await present(authenticate, token);
  await vi.waitFor(() => expect(log.lines).toHaveLength(1));
  await expect(sightings.settled(tokenId)).rejects.toThrow('closed');
  down = false;
  await present(authenticate, token);
  await sightings.settled(tokenId);
  expect(await store.find(tokenId)).toBeDefined();
});

test('neither users nor tokens that are refused are recorded', async () => {
  const record = vi.fn(store.record);
  const authenticate = new Sightings({ record }, silentLogger).noticing(identity.authenticate);
  const authorization = `Bearer ${await identity.userToken()}`;
  await authenticate({ authorization, userToken: undefined });
  await authenticate({ authorization: undefined, userToken: undefined });
  await expect(present(authenticate, 'nonsense')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(record).not.toHaveBeenCalled();
});

test('a service keeps the id that it was first seen with, and the log says where another comes', async () => {
  await store.change('shop', ourselves, async () => undefined);
  const first = (await opened.client.service.findUniqueOrThrow({ where: { name: 'shop' } })).id;
  const log = recordingLogger();
  const sightings = new Sightings(store, log);
  const tokenId = await present(
    sightings.noticing(identity.authenticate),
    await identity.serviceToken('shop'),
  );
  await sightings.settled(tokenId);
  expect((await store.find(tokenId))?.serviceId).toBe(first);
  expect(log.lines[0]).toMatchObject({
    level: 'warn',
    fields: { service_id: 'shop-id', recorded_id: first },
  });
});

test('one that was revoked before it was seen is recorded as revoked', async () => {
  const token = await identity.serviceToken('mail');
  const sightings = new Sightings(store, silentLogger);
  const tokenId = await present(identity.authenticate, token);
  const expiresAt = new Date(Date.now() + 1000);
  await store.revokeUnknown(tokenId, expiresAt, {
    ...ourselves,
    event: 'service-token.revoked',
    subject: tokenId,
  });
  await present(sightings.noticing(identity.authenticate), token);
  await sightings.settled(tokenId);
  expect((await store.find(tokenId))?.revokedAt).not.toBeNull();
});

test('records go long after their tokens have expired, and not before', async () => {
  const longAgo = new Date(Date.now() - 200 * 24 * 3_600_000);
  const stamp = { tokenId: 'old', issuedAt: longAgo, expiresAt: new Date(longAgo.getTime() + 1000) };
  await store.change('old-service', ourselves, (change) => change.add({ stamp, kid: 'k', origin: 'issued' }));
  const before = await opened.client.serviceToken.count();
  expect(await store.deleteExpired(longAgo, 1000)).toBe(0);
  expect(await store.deleteExpired(new Date(Date.now() - 90 * 24 * 3_600_000), 1000)).toBe(1);
  expect(await store.find('old')).toBeUndefined();
  expect(await opened.client.serviceToken.count()).toBe(before - 1);
});
