import { setTimeout as delay } from 'node:timers/promises';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect } from '@arcadium/mesh/client';
import { issueUserToken } from '@arcadium/mesh/issuer';
import {
  createTestIdentity,
  RevocationList,
  silentLogger,
  startRegistry,
  type TestIdentity,
} from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startWikis, type Replica, type Wikis } from './src/wikis.ts';

let identity: TestIdentity;
let list: RevocationList;
let registry: Awaited<ReturnType<typeof startRegistry>>;
let wikis: Wikis;
beforeAll(async () => {
  identity = await createTestIdentity();
  list = new RevocationList();
  // The part of auth that is needed here.
  registry = await startRegistry(list, identity.authenticate);
  wikis = await startWikis(['127.0.0.1', '127.0.0.1'], { identity, authUrl: registry.url });
});
afterAll(async () => {
  await wikis[Symbol.asyncDispose]();
  await registry.stop();
});

const annOf = (sessionId: string) =>
  issueUserToken(identity.signingKey, { id: 'ann', name: 'Ann', role: 'user', sessionId });

/** The code with which a replica refuses a token, or `OK`. */
async function answerOf({ url }: Replica, token: string): Promise<string> {
  await using wiki = connect(wikiContract, { as: 'user', url, token, log: silentLogger });
  return await wiki.pages.list.query({}).then(
    () => 'OK',
    (error: unknown) => (error as { data: { code: string } }).data.code,
  );
}

const healthOf = async ({ url }: Replica) =>
  (await (await fetch(`${url}/health`)).json()) as { dependencies: Record<string, string> };

test('every replica refuses a session within two seconds of its end, and after a restart without auth', async () => {
  const [one, other] = [await annOf('s1'), await annOf('s2')];
  for (const replica of wikis.replicas) expect(await answerOf(replica, one.token)).toBe('OK');
  list.revoke('s1');
  await delay(2000);
  for (const replica of wikis.replicas) {
    expect(await answerOf(replica, one.token)).toBe('UNAUTHORIZED');
    expect(await answerOf(replica, other.token)).toBe('OK');

    expect((await healthOf(replica)).dependencies).toMatchObject({ auth: 'healthy' });
  }

  await registry.stop();
  const startAgain = async (replica: Replica): Promise<void> => {
    replica.process.signal('SIGKILL');
    await replica.process.ended;
    replica.start();
    await replica.ready();
  };
  await Promise.all(wikis.replicas.map(startAgain));
  for (const replica of wikis.replicas) {
    expect(await answerOf(replica, one.token)).toBe('UNAUTHORIZED');
    expect(await answerOf(replica, other.token)).toBe('OK');
  }
  // In the first ten seconds auth may still be starting; after that it counts as down.
  for (const replica of wikis.replicas)
    await vi.waitFor(() => {
      const said = replica.process.logged().filter(({ level }) => level === 'warn');
      expect(said.map(({ msg }) => msg)).toContain(
        'no revocation list from auth yet; starting with the local copy',
      );
    });

  registry = await startRegistry(list, identity.authenticate, registry.port);
  list.revoke('s2');
  for (const replica of wikis.replicas) {
    await vi.waitFor(async () => expect(await answerOf(replica, other.token)).toBe('UNAUTHORIZED'), 8000);
    await vi.waitFor(
      async () => expect((await healthOf(replica)).dependencies).toMatchObject({ auth: 'healthy' }),
      8000,
    );
  }
});
