import { setTimeout as delay } from 'node:timers/promises';
import { authContract } from '@arcadium/contracts/auth';
import { connect, isCallError } from '@arcadium/mesh/client';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { callPlainly, newService, newUser, type CallerHeaders } from './testing/callers.ts';
import { startReplicas, type Replicas } from './testing/replicas.ts';

let auth: Replicas;
beforeAll(async () => {
  // High enough that the limit of a service's tokens stops no thief.
  auth = await startReplicas(2, { SERVICE_TOKENS_MAX: 1000 });
});
afterAll(() => auth[Symbol.asyncDispose]());

/** Longest time of one round of an attack, in milliseconds. */
const roundMs = 30_000;

/** Whether a call was refused for its credentials, which ends a thief's loop; other failures do not. */
type Attempt = () => Promise<'done' | 'refused' | 'failed'>;

/** Loops that call as fast as they can until each is refused. */
function startThieves(attempts: readonly Attempt[]) {
  let done = 0;
  const deadline = performance.now() + roundMs;
  const loops = attempts.map(async (attempt) => {
    while (performance.now() < deadline) {
      const outcome = await attempt();
      if (outcome === 'refused') return true;
      if (outcome === 'done') done += 1;
      else await delay(10);
    }
    return false;
  });
  return {
    /** Resolves when each has succeeded several times. */
    atWork: () =>
      vi.waitFor(() => expect(done).toBeGreaterThan(3 * attempts.length), { timeout: roundMs, interval: 5 }),
    async refused() {
      expect(await Promise.all(loops)).not.toContain(false);
    },
  };
}

/** Over plain HTTP. */
const plain =
  (replica: number, path: string, call: { headers: CallerHeaders; input: unknown }): Attempt =>
  async () => {
    const { status } = await callPlainly(auth.urls[replica] ?? '', path, call);
    if (status === 401) return 'refused';
    return status === 200 ? 'done' : 'failed';
  };

/** Three copies of a call in one HTTP request. */
const batched =
  (replica: number, path: string, { headers, input }: { headers: CallerHeaders; input: unknown }): Attempt =>
  async () => {
    const response = await fetch(`${auth.urls[replica]}/trpc/${path},${path},${path}?batch=1`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ 0: input, 1: input, 2: input }),
    });
    const answers = (await response.json()) as { error?: { data: { code: string } } }[] | object;
    const all = Array.isArray(answers) ? answers : [answers];
    if (all.every(({ error }) => error?.data.code === 'UNAUTHORIZED')) return 'refused';
    return all.some(({ error }) => !error) ? 'done' : 'failed';
  };

/** Over a WebSocket, as mesh services call: exchanges a token for its successor, and that for the next. */
function chain(replica: number, stolen: string): Attempt {
  let token = stolen;
  const client = connect(authContract, {
    as: 'wiki',
    url: auth.urls[replica] ?? '',
    token: () => token,
    log,
  });
  return async () => {
    try {
      token = (await client.serviceTokens.rotate.mutate({})).token;
      return 'done';
    } catch (error) {
      if (!isCallError(error) || error.data.code !== 'UNAUTHORIZED') return 'failed';
      await client[Symbol.asyncDispose]();
      return 'refused';
    }
  };
}

const liveTokensOf = (name: string) =>
  auth.stored.serviceToken.count({ where: { service: { name }, revokedAt: null } });

const rounds = Array.from({ length: 8 }, (_, round) => round + 1);

test.each(rounds)('round %i: who issues in a loop has no token left when all are revoked', async () => {
  const { name, headers } = await newService(auth);
  const admin = await newUser(auth, { role: 'admin' });
  const call = { headers, input: { service: name } };
  const attempts = [0, 1, 0, 1].flatMap((replica) => [
    plain(replica, 'serviceTokens.issue', call),
    batched(replica, 'serviceTokens.issue', call),
  ]);
  const thieves = startThieves(attempts);
  await thieves.atWork();
  const revoke = { headers: admin.headers, input: { service: name } };
  expect(await callPlainly(auth.urls[0] ?? '', 'serviceTokens.revoke', revoke)).toMatchObject({
    status: 200,
  });
  await thieves.refused();
  expect(await liveTokensOf(name)).toBe(0);
});

test.each(rounds)('round %i: who rotates in a loop has no token left when all are revoked', async () => {
  const { name, token } = await newService(auth);
  const admin = await newUser(auth, { role: 'admin' });
  const thieves = startThieves([0, 1, 1].map((replica) => chain(replica, token)));
  await thieves.atWork();
  const revoke = { headers: admin.headers, input: { service: name } };
  expect(await callPlainly(auth.urls[0] ?? '', 'serviceTokens.revoke', revoke)).toMatchObject({
    status: 200,
  });
  await thieves.refused();
  expect(await liveTokensOf(name)).toBe(0);
});

test.each(
  rounds.flatMap((round) => [
    { round, how: 'users.setRole', input: { role: 'user' } },
    { round, how: 'users.disable', input: {} },
  ]),
)('round $round: an administrator dismissed by $how does not come back', async ({ how, input }) => {
  const [admin, dismissed] = [await newUser(auth, { role: 'admin' }), await newUser(auth, { role: 'admin' })];
  const { id, headers } = dismissed;
  const target = await newService(auth);
  const attempts = [0, 1].flatMap((replica) => [
    plain(replica, 'users.enable', { headers, input: { id } }),
    batched(replica, 'users.setRole', { headers, input: { id, role: 'admin' } }),
    plain(replica, 'serviceTokens.issue', { headers, input: { service: target.name } }),
  ]);
  const thieves = startThieves(attempts);
  await thieves.atWork();
  const dismiss = { headers: admin.headers, input: { id, ...input } };
  expect(await callPlainly(auth.urls[0] ?? '', how, dismiss)).toMatchObject({ status: 200 });
  const issued = await liveTokensOf(target.name);
  await thieves.refused();
  const account = await auth.stored.user.findUniqueOrThrow({ where: { id } });
  expect({ role: account.role, open: account.disabledAt === null }).toEqual(
    how === 'users.disable' ? { role: 'admin', open: false } : { role: 'user', open: true },
  );
  expect(await liveTokensOf(target.name)).toBe(issued);
});

// Last, because it withdraws the key that the other tests sign with.
test.each(rounds)('round %i: who issues in a loop has no token left when the key is withdrawn', async () => {
  const { name } = await newService(auth);
  const admin = await auth.asAdmin();
  const stolen = await admin.serviceTokens.issue.mutate({ service: name });
  const { kid } = await auth.stored.serviceToken.findUniqueOrThrow({ where: { jti: stolen.tokenId } });
  // The token from this test's set-up was signed by another key, and is not the thief's.
  await auth.stored.serviceToken.deleteMany({ where: { service: { name }, jti: { not: stolen.tokenId } } });
  const call = { headers: { authorization: `Service-Token ${stolen.token}` }, input: { service: name } };
  const attempts = [0, 1, 0, 1].map((replica) => plain(replica, 'serviceTokens.issue', call));
  const thieves = startThieves([...attempts, chain(1, stolen.token)]);
  await thieves.atWork();
  await admin.keys.withdraw.mutate({ kid });
  await thieves.refused();
  expect(await liveTokensOf(name)).toBe(0);
});
