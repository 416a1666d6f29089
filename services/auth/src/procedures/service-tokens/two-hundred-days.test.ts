import { createKeySet, jwks, verifyToken } from '@arcadium/mesh/identity';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { startReplicas } from '../../testing/replicas.ts';

const dayMs = 24 * 3_600_000;

afterEach(() => {
  vi.useRealTimers();
});

test('over 200 days on two replicas a service that rotates its token is never refused, while keys change', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  await using auth = await startReplicas(2);
  const published = async (replica: number) => {
    const answer = await fetch(`${auth.urls[replica]}/.well-known/jwks.json`);
    return createKeySet({ initial: jwks.parse(await answer.json()).keys, log: silentLogger });
  };
  let token = await auth.identity.serviceToken('wiki');
  let madeAt = Date.now();
  const end = madeAt + 200 * dayMs;
  const [kids, ids, tokens] = [new Set<string>(), new Set<string>(), new Set([token])];
  for (let replica = 0; Date.now() < end; replica = 1 - replica) {
    // Verified only with published keys: each replica publishes the same, complete set.
    for (const keys of [await published(0), await published(1)]) {
      const { claims, kid } = await verifyToken('service', token, { keys });
      kids.add(kid);
      ids.add(claims.service_id);
    }
    await (await auth.asService('wiki', { replica, token })).keys.list.query();
    if (Date.now() - madeAt >= 45 * dayMs) {
      // Both instances of the service at once, each at another replica.
      const clients = [0, 1].map((other) => auth.asService('wiki', { replica: other, token }));
      const answers = await Promise.all(
        clients.map(async (one) => (await one).serviceTokens.rotate.mutate()),
      );
      expect(answers[1]?.token).toBe(answers[0]?.token);
      token = answers[0]?.token ?? '';
      tokens.add(token);
      madeAt = Date.now();
    }
    await (await auth.asAdmin(replica)).keys.list.query();
    vi.setSystemTime(Date.now() + 5 * dayMs);
  }
  expect(tokens.size).toBe(5);
  // Created on days 0, 90 and about 180; the last token is from day 180, before the third key signs.
  expect(await auth.stored.signingKey.count()).toBe(3);
  expect(kids.size).toBe(2);
  expect(ids).toEqual(new Set(['wiki-id']));
  const { items } = await (await auth.asService('wiki', { token })).serviceTokens.list.query();
  expect(items.map(({ origin }) => origin)).toEqual(['rotated', 'rotated', 'rotated', 'rotated', 'set-up']);
});
