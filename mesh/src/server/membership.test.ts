import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { connect } from '../client/index.ts';
import { openServiceToken, publicPart } from '../identity/index.ts';
import {
  createTestIdentity,
  registry,
  RevocationList,
  silentLogger as log,
  startRegistry,
  type TestIdentity,
} from '../testing/index.ts';
import { joinMesh } from './index.ts';

/** A member of a mesh whose auth publishes keys as it is told, and keeps a list of what is revoked. */
async function startMember(list: RevocationList, [old, ...others]: [TestIdentity, ...TestIdentity[]]) {
  const auth = { published: [old, ...others], questions: 0, stale: 0 };
  let before = auth.published;
  const jwks = createServer(({ url = '' }, response) => {
    // Its clock is asked for too, at /readyz.
    if (!url.endsWith('/jwks.json')) {
      response.end(JSON.stringify({ timestamp: new Date() }));
      return;
    }
    auth.questions += 1;
    if (auth.stale > 0) auth.stale -= 1;
    else before = auth.published;
    response.end(JSON.stringify({ keys: before.map(({ jwk }) => publicPart(jwk)) }));
  });
  jwks.listen(0, '127.0.0.1');
  await once(jwks, 'listening');
  const stateDir = await mkdtemp(join(tmpdir(), 'arcadium-member-'));
  const serving = await startRegistry(list, old.authenticate);
  const token = await old.serviceToken('desk');
  const client = connect(registry, { as: 'desk', url: serving.url, token, log });
  const nobodyAsks = () => Promise.reject(new Error('nobody asks for it here'));
  const membership = await joinMesh({
    auth: {
      revocations: client.revocations,
      serviceTokens: { rotate: { mutate: nobodyAsks } },
      audit: { report: { mutate: nobodyAsks } },
    },
    authUrl: `http://127.0.0.1:${(jwks.address() as AddressInfo).port}`,
    token: openServiceToken({ token, log }),
    publicKeys: [publicPart(old.jwk)],
    stateDir,
    log,
  });
  const ask = async (authorization: string) =>
    membership.serving.identity.authenticate({ authorization, userToken: undefined });
  return {
    auth,
    state: () => membership.serving.identity.revocations?.status().state,
    asUser: async (from: TestIdentity) => ask(`Bearer ${await from.userToken()}`),
    asService: async (from: TestIdentity) => ask(`Service-Token ${await from.serviceToken('wiki')}`),
    async [Symbol.asyncDispose]() {
      await membership.stop();
      await client[Symbol.asyncDispose]();
      await serving.stop();
      jwks.close();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

test.each([
  ['following', 0],
  ['following', 3],
  ['polling', 0],
  ['polling', 2],
] as const)(
  'after a withdrawal, %s, with %i answers as of before, the next key counts at once, whoever invents others meanwhile',
  async (state, stale) => {
    const [old, next, list] = [await createTestIdentity(), await createTestIdentity(), new RevocationList()];
    if (state === 'polling') list.watches = 'fails';
    await using member = await startMember(list, [old]);
    const { auth } = member;
    await vi.waitFor(() => expect(member.state()).toBe(state), { timeout: 10_000 });
    await vi.waitFor(() => expect(auth.questions).toBe(1));
    const invented = await Promise.all(Array.from({ length: 100 }, () => createTestIdentity()));
    const invent = () => Promise.allSettled(invented.map((one) => member.asUser(one)));
    await invent();
    await invent();
    expect(auth.questions).toBeLessThanOrEqual(2);

    Object.assign(auth, { published: [next], stale });
    list.revoke(old.jwk.kid);
    await vi.waitFor(() => expect(member.asUser(old)).rejects.toThrow('is refused'), { interval: 5 });
    const [user, service] = await Promise.all([member.asUser(next), member.asService(next), invent()]);
    expect([user, service]).toMatchObject([{ user: { role: 'user' } }, { service: { name: 'wiki' } }]);
    await invent();
    // At the start, for an invented key, for the withdrawn one as often as it was there, and once more.
    expect(auth.questions).toBeLessThanOrEqual(2 + stale + 2);
  },
  30_000,
);

test('a service whose key was withdrawn, and that may not follow for that, forgets the key within seconds', async () => {
  const [old, recent, list] = [await createTestIdentity(), await createTestIdentity(), new RevocationList()];
  let published = [old, recent];
  const jwks = createServer((_request, response) =>
    response.end(JSON.stringify({ keys: published.map(({ jwk }) => publicPart(jwk)) })),
  );
  jwks.listen(0, '127.0.0.1');
  await once(jwks, 'listening');
  const stateDir = await mkdtemp(join(tmpdir(), 'arcadium-member-'));
  const before = await startRegistry(list, old.authenticate);
  const token = await old.serviceToken('desk');
  await using client = connect(registry, { as: 'desk', url: before.url, token, log });
  const nobodyAsks = () => Promise.reject(new Error('nobody asks for it here'));
  const membership = await joinMesh({
    auth: {
      revocations: client.revocations,
      serviceTokens: { rotate: { mutate: nobodyAsks } },
      audit: { report: { mutate: nobodyAsks } },
    },
    authUrl: `http://127.0.0.1:${(jwks.address() as AddressInfo).port}`,
    token: openServiceToken({ token, log }),
    publicKeys: [publicPart(old.jwk)],
    stateDir,
    log,
  });
  const ask = async (from: typeof old) =>
    membership.serving.identity.authenticate({
      authorization: `Bearer ${await from.userToken()}`,
      userToken: undefined,
    });
  await vi.waitFor(() => expect(membership.serving.identity.revocations?.status().state).toBe('following'));
  expect(await ask(old)).toMatchObject({ user: { role: 'user' } });

  published = [recent];
  await before.stop();
  const after = await startRegistry(list, recent.authenticate, before.port);
  await vi.waitFor(() => expect(ask(old)).rejects.toMatchObject({ code: 'UNAUTHORIZED' }), {
    timeout: 15_000,
    interval: 100,
  });
  expect(await ask(recent)).toMatchObject({ user: { role: 'user' } });
  await membership.stop();
  await after.stop();
  jwks.close();
  await rm(stateDir, { recursive: true, force: true });
}, 30_000);
