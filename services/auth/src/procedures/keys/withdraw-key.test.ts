import { authContract } from '@arcadium/contracts/auth';
import { connect } from '@arcadium/mesh/client';
import {
  createAuthenticate,
  createKeySet,
  followRevocations,
  openServiceToken,
  publicPart,
  remoteRevocations,
} from '@arcadium/mesh/identity';
import { generateSigningKey, issueServiceToken, issueUserToken } from '@arcadium/mesh/issuer';
import { joinMesh } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log } from '@arcadium/mesh/testing';
import { setTimeout as delay } from 'node:timers/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createSigningKeyStore } from '../../stores/signing-key-store.ts';
import { administrator } from '../../testing/config.ts';
import { startReplicas, type Replicas } from '../../testing/replicas.ts';

let replicas: Replicas;
let stateDir: string;
beforeAll(async () => {
  replicas = await startReplicas(1);
  stateDir = await mkdtemp(join(tmpdir(), 'arcadium-withdrawn-'));
});
test.each(['issue', 'rotate'] as const)(
  '%s, asked while a key is being withdrawn, gives no token that is void from the beginning',
  async (which) => {
    await using auth = await startReplicas(1);
    const service = await auth.asService('wiki');
    // It must be recorded before it can be rotated.
    await vi.waitFor(async () => expect((await service.serviceTokens.list.query()).items).toHaveLength(1));
    const [released, voided] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { kid } = auth.identity.jwk;
    const withdrawing = createSigningKeyStore(auth.stored).change(async (change) => {
      await change.remove(kid, new Date());
      const next = publicPart(await generateSigningKey());
      await change.add({ jwk: next, publishedAt: new Date(), activeFrom: null });
      await change.voidTokens(kid, new Date());
      voided.resolve();
      await released.promise;
    });
    await voided.promise;
    const admin = await auth.asAdmin();
    const { jti: tokenId } = await auth.stored.serviceToken.findFirstOrThrow();
    const asked =
      which === 'issue'
        ? admin.serviceTokens.issue.mutate({ service: 'notification' })
        : admin.serviceTokens.rotate.mutate({ tokenId });
    const answered = asked.then(
      ({ tokenId: id }) => id,
      () => undefined,
    );
    await Promise.race([answered, delay(1000)]);
    released.resolve();
    await withdrawing;
    const given = await answered;
    const row = given && (await auth.stored.serviceToken.findUnique({ where: { jti: given } }));
    expect(row && row.kid === kid && row.revokedAt === null).toBeFalsy();
    const left = await auth.stored.serviceToken.count({ where: { kid, revokedAt: null } });
    expect(left).toBe(0);
  },
  60_000,
);

afterAll(async () => {
  await replicas[Symbol.asyncDispose]();
  await rm(stateDir, { recursive: true });
});

const anotherKeyFirst = async () => {
  const admin = await replicas.asAdmin();
  const { token } = await admin.serviceTokens.issue.mutate({ service: 'wiki' });
  return { admin, token };
};

/**
 * A service whose environment has the key, and which does not learn of others: it fetches the JWKS every five
 * minutes.
 */
async function startVerifier(url: string, token: string) {
  const keys = await createKeySet({ initial: [publicPart(replicas.identity.jwk)], log });
  const client = connect(authContract, { as: 'wiki', url, token, log });
  const source = remoteRevocations(client.revocations);
  const feed = await followRevocations({ source, from: 'auth', stateDir, log });
  await feed.loaded();
  return {
    authenticate: createAuthenticate(keys, { revocations: feed.set }),
    async stop() {
      await feed.stop();
      await client[Symbol.asyncDispose]();
    },
  };
}

test('what a withdrawn key signed is refused within two seconds by who still holds it, and after a start without auth', async () => {
  const { admin, token } = await anotherKeyFirst();
  const [url = ''] = replicas.urls;
  const verifier = await startVerifier(url, token);
  const { signingKey } = replicas.identity;
  const credentials = async () => [
    {
      authorization: `Service-Token ${(await issueServiceToken(signingKey, { id: 'x', name: 'auth' })).token}`,
      userToken: undefined,
    },
    {
      authorization: `Bearer ${(await issueUserToken(signingKey, { id: 'x', name: 'Ann', role: 'admin' })).token}`,
      userToken: undefined,
    },
  ];
  const known = await credentials();
  for (const one of known) expect(await verifier.authenticate(one)).toBeDefined();

  await admin.keys.withdraw.mutate({ kid: signingKey.kid });
  const refused = { code: 'UNAUTHORIZED', message: expect.stringContaining('it was revoked') };
  const refusedBy = async ({ authenticate }: Pick<typeof verifier, 'authenticate'>) => {
    for (const one of [...known, ...(await credentials())])
      await expect(Promise.resolve().then(() => authenticate(one))).rejects.toMatchObject(refused);
  };
  await vi.waitFor(() => refusedBy(verifier), { timeout: 2000 });
  await verifier.stop();

  const next = await startVerifier('http://127.0.0.1:9', token);
  await refusedBy(next);
  await next.stop();
});

test.each([0, 1])(
  'after the withdrawal of the active key a service, by replica %i, takes what the next one signs at the first try',
  async (replica) => {
    await using auth = await startReplicas(2);
    const admin = await auth.asAdmin();
    const stolen = auth.identity.jwk.kid;
    expect((await admin.keys.list.query()).items).toMatchObject([{ kid: stolen, state: 'active' }]);
    const own = await auth.identity.serviceToken('wiki');
    const url = auth.urls[replica] ?? '';
    const client = connect(authContract, { as: 'wiki', url, token: own, log });
    const folder = await mkdtemp(join(tmpdir(), 'arcadium-next-key-'));
    const member = await joinMesh({
      auth: client,
      authUrl: url,
      token: openServiceToken({ token: own, log }),
      publicKeys: [publicPart(auth.identity.jwk)],
      stateDir: folder,
      log,
    });
    const { authenticate, revocations } = member.serving.identity;
    const ask = (authorization: string) =>
      Promise.resolve().then(() => authenticate({ authorization, userToken: undefined }));
    await vi.waitFor(() => expect(revocations?.status().state).toBe('following'));
    const inventor = await createTestIdentity();
    for (let n = 0; n < 3; n += 1)
      await expect(ask(`Bearer ${await inventor.userToken()}`)).rejects.toThrow('its key is unknown');

    await admin.keys.withdraw.mutate({ kid: stolen });
    // Log in at both replicas, including the one where the key was not withdrawn.
    const next = await Promise.all([0, 1].map((at) => auth.asAdmin(at)));
    const issued = await Promise.all(next.map((one) => one.serviceTokens.issue.mutate({ service: 'wiki' })));
    for (const { token } of issued)
      expect(await ask(`Service-Token ${token}`)).toMatchObject({ service: { name: 'wiki' } });
    await using anyone = connect(authContract, { as: 'anyone', url, log });
    const { accessToken } = await anyone.sessions.login.mutate(administrator);
    expect(await ask(`Bearer ${accessToken}`)).toMatchObject({ user: { role: 'admin' } });

    await member.stop();
    await client[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  },
  60_000,
);
