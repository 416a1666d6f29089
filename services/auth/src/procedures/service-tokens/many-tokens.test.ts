import { InDoubtError } from '@arcadium/mesh/client';
import { publicPart } from '@arcadium/mesh/identity';
import { generateSigningKey } from '@arcadium/mesh/issuer';
import { safe } from '@trpc/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { newService, newUser } from '../../testing/callers.ts';
import { startReplicas, type Replicas } from '../../testing/replicas.ts';

let auth: Replicas;
const most = 10;
beforeAll(async () => {
  auth = await startReplicas(1, { SERVICE_TOKENS_MAX: most });
});
afterAll(() => auth[Symbol.asyncDispose]());

let databases = 0;

/** A service with very many live tokens, as in a database from before the limit. */
async function serviceWith(tokens: number, kid = 'old-key'): Promise<string> {
  databases += 1;
  const name = `old-${databases}`;
  await auth.pool.query('INSERT INTO auth.services (id, name) VALUES ($1, $1)', [name]);
  // In parts, each within the statement timeout on a busy machine.
  for (let from = 0; from < tokens; from += 5000) {
    await auth.pool.query(
      `INSERT INTO auth.service_tokens (jti, service_id, kid, origin, issued_at, expires_at)
       SELECT gen_random_uuid(), $1, $4, 'issued', now() - n * interval '1 s', now() + interval '80 days'
       FROM generate_series($2::int + 1, least($2 + 5000, $3::int)) AS n`,
      [name, from, tokens, kid],
    );
  }
  return name;
}

const liveOf = (name: string) =>
  auth.stored.serviceToken.count({ where: { service: { name }, revokedAt: null } });

/** Number of a service's tokens on the revocation list, as followers see it. */
async function toldOf(name: string): Promise<number> {
  const admin = await auth.asAdmin();
  const rows = await auth.stored.serviceToken.findMany({
    where: { service: { name } },
    select: { jti: true },
  });
  const wanted = new Set(rows.map(({ jti }) => jti));
  for (let [told, after] = [0, 0]; ;) {
    const page = await admin.revocations.list.query({ after });
    told += page.items.filter(({ id }) => wanted.has(id)).length;
    if (page.complete) return told;
    after = page.position;
  }
}

/** Revokes all, in as many calls as their deadline requires: each continues where the last one stopped. */
async function revokeAll(name: string): Promise<void> {
  const admin = await auth.asAdmin();
  for (;;) {
    const [answer, error] = await safe(admin.serviceTokens.revoke.mutate({ service: name }));
    if (answer) return;
    expect(error).toBeInstanceOf(InDoubtError);
  }
}

test('1500 live tokens are revoked by one call and one statement, with one entry in the log', async () => {
  const name = await serviceWith(1500);
  const admin = await auth.asAdmin();
  const { tokenIds, count } = await admin.serviceTokens.revoke.mutate({ service: name });
  expect({ named: tokenIds.length, count }).toEqual({ named: 1000, count: 1500 });
  const latest = await auth.stored.serviceToken.findMany({
    where: { service: { name } },
    orderBy: [{ issuedAt: 'desc' }, { jti: 'desc' }],
    take: 1000,
  });
  expect(tokenIds).toEqual(latest.map(({ jti }) => jti));
  expect(await auth.stored.auditEntry.findMany({ where: { subject: name } })).toMatchObject([
    { event: 'service-token.revoked', actorKind: 'user', detail: { service: name, tokens: 1500 } },
  ]);
  expect(await toldOf(name)).toBe(1500);
  expect(await admin.serviceTokens.revoke.mutate({ service: name })).toEqual({ tokenIds: [] });
}, 60_000);

// The second exceeds PostgreSQL's limit of 65,535 parameters per statement.
test.each([11_000, 100_000])(
  'all of %i live tokens can be revoked, in a database from before the bound',
  async (tokens) => {
    const name = await serviceWith(tokens);
    await revokeAll(name);
    expect(await liveOf(name)).toBe(0);
    const entries = await auth.stored.auditEntry.findMany({ where: { subject: name } });
    const counts = entries.map(({ detail }) => (detail as { tokens: number }).tokens);
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(tokens);
    expect(Math.max(...counts)).toBe(5000);
    expect(await toldOf(name)).toBe(tokens);
  },
  240_000,
);

test('a key is withdrawn that has signed 30,000 live tokens', async () => {
  const jwk = publicPart(await generateSigningKey());
  const { kid } = jwk;
  const name = await serviceWith(30_000, kid);
  await auth.stored.signingKey.create({
    data: { kid, publicJwk: jwk, publishedAt: new Date(), activeFrom: null },
  });
  // The key is withdrawn at once; marking its tokens may take longer than the call's deadline, and continues
  // without it.
  await safe((await auth.asAdmin()).keys.withdraw.mutate({ kid }));
  expect(await auth.stored.tokenBlacklist.count({ where: { jti: kid } })).toBe(1);
  await vi.waitFor(async () => expect(await liveOf(name)).toBe(0), { timeout: 60_000, interval: 200 });
}, 120_000);

test.each(['users.disable', 'users.setRole', 'sessions.logoutAll', 'sessions.login'] as const)(
  '%s ends 10,000 sessions of a user',
  async (path) => {
    const user = await newUser(auth, { role: 'admin' });
    await auth.pool.query(
      `INSERT INTO auth.sessions (id, user_id, created_at, expires_at)
       SELECT gen_random_uuid(), $1, now() - n * interval '1 s', now() + interval '1 day' FROM generate_series(1, 10000) n`,
      [user.id],
    );
    const admin = await auth.asAdmin();
    const { id, email, password } = user;
    if (path === 'users.disable') await admin.users.disable.mutate({ id });
    else if (path === 'users.setRole') await admin.users.setRole.mutate({ id, role: 'user' });
    else {
      const response = await fetch(`${auth.urls[0]}/trpc/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(path === 'sessions.logoutAll' && user.headers) },
        ...(path === 'sessions.login' && { body: JSON.stringify({ email, password }) }),
      });
      expect(response.status).toBe(200);
    }
    const left = await auth.stored.session.count({ where: { userId: id, endedAt: null } });
    expect(left).toBe(path === 'sessions.login' ? 100 : 0);
  },
  60_000,
);

test('a service has no more live tokens than the setting allows; those that are void do not count', async () => {
  const { name, token, tokenId } = await newService(auth);
  const [admin, own] = [await auth.asAdmin(), await auth.asService(name, { token })];
  const successor = await own.serviceTokens.rotate.mutate({});
  for (let live = 2; live < most; live += 1) await admin.serviceTokens.issue.mutate({ service: name });

  const full = { name: 'TOO_MANY_TOKENS', data: { service: name, most } };
  const [, byAdmin] = await safe(admin.serviceTokens.issue.mutate({ service: name }));
  expect(byAdmin?.data?.error).toEqual(full);
  expect(byAdmin?.message).toContain('SERVICE_TOKENS_MAX');
  const [, byService] = await safe(own.serviceTokens.issue.mutate({ service: name }));
  expect(byService?.data?.error).toEqual(full);
  const listed = await admin.serviceTokens.list.query({ service: name, limit: most });
  // Tokens of the same second may be listed in any order.
  const other = listed.items.find(({ tokenId: id }) => id !== tokenId && id !== successor.tokenId);
  const lastId = other?.tokenId ?? '';
  const [, rotated] = await safe(admin.serviceTokens.rotate.mutate({ tokenId: lastId }));
  expect(rotated?.data?.error).toEqual(full);
  // The successor already exists, so this creates no token.
  expect((await own.serviceTokens.rotate.mutate({ tokenId })).token).toBe(successor.token);
  expect(await liveOf(name)).toBe(most);

  await admin.serviceTokens.revoke.mutate({ tokenId: lastId });
  await admin.serviceTokens.issue.mutate({ service: name });
  await auth.stored.serviceToken.updateMany({
    where: { jti: successor.tokenId },
    data: { expiresAt: new Date(Date.now() - 1000) },
  });
  await admin.serviceTokens.issue.mutate({ service: name });
  const [, again] = await safe(admin.serviceTokens.issue.mutate({ service: name }));
  expect(again?.data?.error).toEqual(full);
});

test('as many calls at once as there are take the last place once', async () => {
  const { name, headers } = await newService(auth);
  const issue = async () => {
    const response = await fetch(`${auth.urls[0]}/trpc/serviceTokens.issue`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ service: name }),
    });
    return response.status;
  };
  const statuses = await Promise.all(Array.from({ length: 2 * most }, issue));
  expect(statuses.filter((status) => status === 200)).toHaveLength(most - 1);
  expect(await liveOf(name)).toBe(most);
});
