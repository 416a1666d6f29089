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
} from '../testing/index.ts';
import { joinMesh } from './index.ts';

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
  const { revocations } = connect(registry, { as: 'desk', url: before.url, token, log });
  const nobodyAsks = () => Promise.reject(new Error('nobody asks for it here'));
  const membership = await joinMesh({
    auth: {
      revocations,
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
    membership.serving.authenticate({
      authorization: `Bearer ${await from.userToken()}`,
      userToken: undefined,
    });
  await vi.waitFor(() => expect(membership.serving.revocations?.status().state).toBe('following'));
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
