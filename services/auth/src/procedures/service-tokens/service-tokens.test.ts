import { randomUUID } from 'node:crypto';
import { verifyToken } from '@arcadium/mesh/identity';
import { issueServiceToken, issueUserToken } from '@arcadium/mesh/issuer';
import { safe } from '@trpc/client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startReplicas, type Replicas } from '../../testing/replicas.ts';

let auth: Replicas;
beforeAll(async () => {
  auth = await startReplicas(2);
});
afterAll(() => auth[Symbol.asyncDispose]());

let services = 0;
/** A service without a record. */
function newService(): string {
  services += 1;
  return `service-${services}`;
}

/** The claims of a token, and its key. */
const read = async (token: string) => {
  const { claims, kid } = await verifyToken('service', token, { keys: auth.identity.keys });
  return { ...claims, kid };
};

const isActive = async (token: string) => {
  const admin = await auth.asAdmin();
  return (await admin.tokens.introspect.query({ token })).active;
};

/** The audit entries of a token. */
const auditOf = (subject: string) =>
  auth.stored.auditEntry.findMany({ where: { subject }, orderBy: { id: 'asc' } });

describe('issue', () => {
  test('an administrator makes a token for any service; it is recorded, but not itself', async () => {
    const name = newService();
    const admin = await auth.asAdmin();
    const issued = await admin.serviceTokens.issue.mutate({ service: name });
    const lifeMs = Date.parse(issued.expiresAt) - Date.parse(issued.issuedAt);
    expect(lifeMs).toBe(90 * 24 * 3_600_000);
    expect(await read(issued.token)).toMatchObject({ jti: issued.tokenId, service_name: name });
    const row = await auth.stored.serviceToken.findUniqueOrThrow({ where: { jti: issued.tokenId } });
    expect(JSON.stringify(row)).not.toContain(issued.token.slice(-40));
    const service = await auth.asService(name, { token: issued.token });
    expect((await service.serviceTokens.list.query()).items).toMatchObject([
      {
        tokenId: issued.tokenId,
        service: name,
        origin: 'issued',
        revokedAt: null,
        kid: auth.identity.jwk.kid,
      },
    ]);
    expect(await auditOf(issued.tokenId)).toMatchObject([
      { event: 'service-token.issued', actorKind: 'user', detail: { service: name } },
    ]);
  });

  test('a service makes its own and no other, and is the same service in each', async () => {
    const name = newService();
    const service = await auth.asService(name);
    const issued = await service.serviceTokens.issue.mutate({ service: name });
    await vi.waitFor(async () => expect((await service.serviceTokens.list.query()).items).toHaveLength(2));
    expect((await read(issued.token)).service_id).toBe(`${name}-id`);
    const [, error] = await safe(service.serviceTokens.issue.mutate({ service: newService() }));
    expect(error?.data?.code).toBe('FORBIDDEN');
  });

  test('one id for a service, however many ask at once for its first token', async () => {
    const name = newService();
    const admins = await Promise.all([auth.asAdmin(0), auth.asAdmin(1)]);
    const issued = await Promise.all(
      [...admins, ...admins, ...admins, ...admins].map((admin) =>
        admin.serviceTokens.issue.mutate({ service: name }),
      ),
    );
    const ids = await Promise.all(issued.map(async (one) => (await read(one.token)).service_id));
    expect(new Set(ids).size).toBe(1);
    expect(new Set(issued.map((one) => one.tokenId)).size).toBe(8);
  });

  test('a name that no service can have is refused, and a user makes none', async () => {
    const admin = await auth.asAdmin();
    const before = await auth.stored.serviceToken.count();
    const [, error] = await safe(admin.serviceTokens.issue.mutate({ service: 'Not a name' }));
    expect(error?.data?.code).toBe('BAD_REQUEST');
    const answer = await fetch(`${auth.urls[0]}/trpc/serviceTokens.issue`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await auth.identity.userToken()}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ service: 'wiki' }),
    });
    expect(answer.status).toBe(403);
    expect(await auth.stored.serviceToken.count()).toBe(before);
  });
});

describe('a token from set-up', () => {
  test('is recorded when it is first seen, by whichever replica, once', async () => {
    const name = newService();
    const token = await auth.identity.serviceToken(name);
    const clients = await Promise.all([0, 1].map((replica) => auth.asService(name, { replica, token })));
    await Promise.all(clients.flatMap((one) => [one.serviceTokens.list.query(), one.keys.list.query()]));
    const { jti, iat, exp } = await read(token);
    const [client] = clients;
    await vi.waitFor(async () =>
      expect((await client?.serviceTokens.list.query())?.items).toEqual([
        {
          tokenId: jti,
          service: name,
          serviceId: `${name}-id`,
          kid: auth.identity.jwk.kid,
          origin: 'set-up',
          replaces: null,
          issuedAt: new Date(iat * 1000).toISOString(),
          expiresAt: new Date(exp * 1000).toISOString(),
          revokedAt: null,
        },
      ]),
    );
  });
});

describe('rotate', () => {
  test('the successor of the presented token, the same for all who ask, on every replica', async () => {
    const name = newService();
    const token = await auth.identity.serviceToken(name);
    const clients = await Promise.all([0, 1].map((replica) => auth.asService(name, { replica, token })));
    const ask = () => Promise.all(clients.map((one) => one.serviceTokens.rotate.mutate()));
    // The first call with this token, four times at once on each of two replicas.
    const answers = (await Promise.all([ask(), ask(), ask(), ask()])).flat();
    const tokens = new Set(answers.map((answer) => answer.token));
    expect(tokens.size).toBe(1);
    const [answer] = answers;
    if (!answer) throw new Error('Nobody answered');
    expect(await auth.stored.serviceToken.count({ where: { service: { name } } })).toBe(2);
    expect(await read(answer.token)).toMatchObject({ service_id: `${name}-id`, service_name: name });
    expect(await isActive(answer.token)).toBe(true);
    expect(await isActive(token)).toBe(true);
    expect(await auditOf(answer.tokenId)).toMatchObject([
      { event: 'service-token.rotated', actorKind: 'service', actorId: name },
    ]);
    // At least a second later, when a new token would differ.
    await vi.waitUntil(() => Date.now() > Date.parse(answer.issuedAt) + 1000, 3000);
    expect((await ask()).map((later) => later.token)).toEqual([answer.token, answer.token]);
    const next = await auth.asService(name, { token: answer.token });
    expect((await next.serviceTokens.rotate.mutate()).token).not.toBe(answer.token);
  });

  test('an administrator names the token; a service only one of its own', async () => {
    const name = newService();
    const admin = await auth.asAdmin();
    const { tokenId } = await admin.serviceTokens.issue.mutate({ service: name });
    const byAdmin = await admin.serviceTokens.rotate.mutate({ tokenId });
    const own = await auth.asService(name);
    expect((await own.serviceTokens.rotate.mutate({ tokenId })).token).toBe(byAdmin.token);
    const other = await auth.asService(newService());
    const [, error] = await safe(other.serviceTokens.rotate.mutate({ tokenId }));
    expect(error?.data?.error).toEqual({ name: 'TOKEN_NOT_FOUND', data: { tokenId } });
    const [, unnamed] = await safe(admin.serviceTokens.rotate.mutate());
    expect(unnamed?.data?.code).toBe('BAD_REQUEST');
  });

  test('not of a revoked token, nor past a revoked successor', async () => {
    const name = newService();
    const admin = await auth.asAdmin();
    const { tokenId } = await admin.serviceTokens.issue.mutate({ service: name });
    const next = await admin.serviceTokens.rotate.mutate({ tokenId });
    await admin.serviceTokens.revoke.mutate({ tokenId: next.tokenId });
    for (const of of [tokenId, next.tokenId]) {
      const [, error] = await safe(admin.serviceTokens.rotate.mutate({ tokenId: of }));
      expect(error?.data?.error).toEqual({ name: 'TOKEN_REVOKED', data: { tokenId: next.tokenId } });
    }
  });

  test('where the successor’s key is gone, its own successor is the one of both', async () => {
    const name = newService();
    const admin = await auth.asAdmin();
    const { tokenId } = await admin.serviceTokens.issue.mutate({ service: name });
    const lost = await admin.serviceTokens.rotate.mutate({ tokenId });
    await auth.stored.serviceToken.update({ where: { jti: lost.tokenId }, data: { kid: 'gone' } });
    const [one, other] = await Promise.all([
      admin.serviceTokens.rotate.mutate({ tokenId }),
      (await auth.asAdmin(1)).serviceTokens.rotate.mutate({ tokenId: lost.tokenId }),
    ]);
    expect(one.token).toBe(other.token);
    expect(one.tokenId).not.toBe(lost.tokenId);
    expect(await isActive(one.token)).toBe(true);
  });
});

describe('revoke', () => {
  test('one token: void at once, on record, and no harm in doing it again', async () => {
    const name = newService();
    const admin = await auth.asAdmin();
    const issued = await admin.serviceTokens.issue.mutate({ service: name });
    for (const client of [admin, await auth.asAdmin(1)]) {
      expect(await client.serviceTokens.revoke.mutate({ tokenId: issued.tokenId })).toEqual({
        tokenIds: [issued.tokenId],
      });
    }
    expect(await isActive(issued.token)).toBe(false);
    const { items } = await admin.serviceTokens.list.query({ service: name });
    expect(items).toMatchObject([{ tokenId: issued.tokenId, revokedAt: expect.any(String) }]);
    expect((await auditOf(issued.tokenId)).map(({ event }) => event)).toEqual([
      'service-token.issued',
      'service-token.revoked',
    ]);
  });

  test('all of a service, and of no other; those that are void already are left alone', async () => {
    const [name, other] = [newService(), newService()];
    const admin = await auth.asAdmin();
    const kept = await admin.serviceTokens.issue.mutate({ service: other });
    const first = await admin.serviceTokens.issue.mutate({ service: name });
    await admin.serviceTokens.revoke.mutate({ tokenId: first.tokenId });
    const rest = [
      await admin.serviceTokens.issue.mutate({ service: name }),
      await admin.serviceTokens.issue.mutate({ service: name }),
    ];
    const { tokenIds } = await admin.serviceTokens.revoke.mutate({ service: name });
    expect(tokenIds.toSorted()).toEqual(rest.map(({ tokenId }) => tokenId).toSorted());
    for (const { token } of rest) expect(await isActive(token)).toBe(false);
    expect(await isActive(kept.token)).toBe(true);
    expect(await admin.serviceTokens.revoke.mutate({ service: name })).toEqual({ tokenIds: [] });
    expect(await admin.serviceTokens.revoke.mutate({ service: newService() })).toEqual({ tokenIds: [] });
  });

  test('a rotation at the same moment leaves no token behind', async () => {
    const admins = await Promise.all([auth.asAdmin(0), auth.asAdmin(1)]);
    for (let round = 0; round < 5; round += 1) {
      const name = newService();
      const { tokenId } = await admins[0].serviceTokens.issue.mutate({ service: name });
      await Promise.all([
        safe(admins[0].serviceTokens.rotate.mutate({ tokenId })),
        admins[1].serviceTokens.revoke.mutate({ service: name }),
      ]);
      expect(await auth.stored.serviceToken.count({ where: { service: { name }, revokedAt: null } })).toBe(0);
    }
  });

  test('a token that was never seen: by an administrator, not by a service', async () => {
    const name = newService();
    const id = { id: randomUUID(), name };
    const { token, tokenId } = await issueServiceToken(auth.identity.signingKey, id);
    const stranger = await auth.asService(newService());
    const [, error] = await safe(stranger.serviceTokens.revoke.mutate({ tokenId }));
    expect(error?.data?.error).toEqual({ name: 'TOKEN_NOT_FOUND', data: { tokenId } });
    const admin = await auth.asAdmin();
    await admin.serviceTokens.revoke.mutate({ tokenId });
    await admin.serviceTokens.revoke.mutate({ tokenId });
    expect(await isActive(token)).toBe(false);
    const entry = await auth.stored.tokenBlacklist.findUniqueOrThrow({ where: { jti: tokenId } });
    expect(entry.expiresAt.getTime()).toBeGreaterThanOrEqual((await read(token)).exp * 1000);
    expect(await auditOf(tokenId)).toHaveLength(1);
  });

  test.each([
    ['a word', 'xyz'],
    ['the id of a key', 'kid'],
    ['a whole token', 'token'],
    ['a UUID with something after it', `${randomUUID()}x`],
  ])('%s is the id of no token, and nothing is written', async (_what, given) => {
    const tokenId =
      given === 'kid'
        ? auth.identity.jwk.kid
        : given === 'token'
          ? (await auth.identity.serviceToken('wiki')).slice(0, 100)
          : given;
    const count = async () => [await auth.stored.tokenBlacklist.count(), (await auditOf(tokenId)).length];
    const before = await count();
    for (const replica of [0, 1]) {
      const [, error] = await safe((await auth.asAdmin(replica)).serviceTokens.revoke.mutate({ tokenId }));
      expect(error?.data?.error).toEqual({ name: 'TOKEN_NOT_FOUND', data: { tokenId } });
    }
    expect(await count()).toEqual(before);
  });

  test('a service revokes its own, and nobody else’s', async () => {
    const name = newService();
    const token = await auth.identity.serviceToken(name);
    const service = await auth.asService(name, { token });
    const foreign = newService();
    const [, error] = await safe(service.serviceTokens.revoke.mutate({ service: foreign }));
    expect(error?.data?.code).toBe('FORBIDDEN');
    const { tokenIds } = await service.serviceTokens.revoke.mutate({ service: name });
    expect(tokenIds).toEqual([(await read(token)).jti]);
  });
});

describe('list', () => {
  test('pages through all, each once, also those of one second', async () => {
    const name = newService();
    const admin = await auth.asAdmin();
    const made = await Promise.all(
      Array.from({ length: 7 }, () => admin.serviceTokens.issue.mutate({ service: name })),
    );
    const seen: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await admin.serviceTokens.list.query({
        service: name,
        limit: 2,
        ...(cursor !== undefined && { cursor }),
      });
      seen.push(...page.items.map(({ tokenId }) => tokenId));
      cursor = page.nextCursor;
    }
    expect(seen.toSorted()).toEqual(made.map(({ tokenId }) => tokenId).toSorted());
    const service = await auth.asService(name);
    const [, error] = await safe(service.serviceTokens.list.query({ service: newService() }));
    expect(error?.data?.code).toBe('FORBIDDEN');
  });

  test.each(['AAAA', Buffer.from('[1.5,"x"]').toString('base64url')])(
    'refuses the cursor %s',
    async (cursor) => {
      const [, error] = await safe((await auth.asAdmin()).serviceTokens.list.query({ cursor }));
      expect(error?.data?.code).toBe('BAD_REQUEST');
    },
  );
});

test('a token says which key signed it', async () => {
  const admin = await auth.asAdmin();
  const { token, tokenId } = await admin.serviceTokens.issue.mutate({ service: newService() });
  const { items } = await admin.serviceTokens.list.query({ limit: 100 });
  expect(items.find((one) => one.tokenId === tokenId)?.kid).toBe((await read(token)).kid);
});

test('a user’s token whose session is void is not active', async () => {
  const sessionId = randomUUID();
  const user = { id: randomUUID(), name: 'Ann', role: 'user' as const, sessionId };
  const { token } = await issueUserToken(auth.identity.signingKey, user);
  expect(await isActive(token)).toBe(true);
  const expiresAt = new Date(Date.now() + 900_000);
  await auth.stored.tokenBlacklist.create({ data: { jti: sessionId, reason: 'logged-out', expiresAt } });
  expect(await isActive(token)).toBe(false);
});
