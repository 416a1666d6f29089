import { authContract } from '@arcadium/contracts/auth';
import { connect } from '@arcadium/mesh/client';
import {
  createAuthenticate,
  createKeySet,
  followRevocations,
  issueServiceToken,
  issueUserToken,
  publicPart,
  remoteRevocations,
} from '@arcadium/mesh/identity';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startReplicas, type Replicas } from '../../testing/replicas.ts';

let replicas: Replicas;
let stateDir: string;
beforeAll(async () => {
  replicas = await startReplicas(1);
  stateDir = await mkdtemp(join(tmpdir(), 'arcadium-withdrawn-'));
}, 60_000);
afterAll(async () => {
  await replicas[Symbol.asyncDispose]();
  await rm(stateDir, { recursive: true });
});

const anotherKeyFirst = async () => {
  const admin = await replicas.asAdmin();
  const { token } = await admin.serviceTokens.issue.mutate({ service: 'wiki' });
  return { admin, token };
};

/** A service whose environment names the key, and which never learns of another: JWKS are asked for every five minutes. */
async function startVerifier(url: string, token: string) {
  const keys = await createKeySet({ initial: [publicPart(replicas.identity.jwk)], log });
  const client = connect(authContract, { as: 'wiki', url, token, log });
  const source = remoteRevocations(client.revocations);
  const feed = await followRevocations({ source, from: 'auth', stateDir, log });
  await feed.loaded();
  return {
    authenticate: createAuthenticate(keys, feed.set),
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
}, 30_000);
