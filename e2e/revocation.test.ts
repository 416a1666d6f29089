import { connect } from '@arcadium/mesh/client';
import { followRevocations, remoteRevocations, type RevocationFollower } from '@arcadium/mesh/identity';
import {
  createTestIdentity,
  recordingLogger,
  registry,
  RevocationList,
  startRegistry,
} from '@arcadium/mesh/testing';
import { describe, expect, test, vi } from 'vitest';
import { noFault, startFaultProxy, type Fault, type FaultProxy } from './src/fault-proxy/index.ts';

/** A list of revocations, and a feed that follows it through a proxy. */
interface Followed extends AsyncDisposable {
  readonly list: RevocationList;
  readonly proxy: FaultProxy;
  readonly feed: RevocationFollower;
  readonly log: ReturnType<typeof recordingLogger>;
}

async function follow(): Promise<Followed> {
  await using stack = new AsyncDisposableStack();
  const identity = await createTestIdentity();
  const list = new RevocationList();
  const log = recordingLogger();
  const source = await startRegistry(list, identity.authenticate);
  stack.defer(() => source.stop());
  const proxy = stack.use(await startFaultProxy(source.url));
  const token = await identity.serviceToken('wiki');
  const client = stack.use(connect(registry, { as: 'wiki', url: proxy.url, token, log }));
  const feed = await followRevocations({
    source: remoteRevocations(client.revocations),
    from: 'registry',
    log,
  });
  stack.defer(() => feed.stop());
  await feed.loaded();
  const ends = stack.move();
  return { list, proxy, feed, log, [Symbol.asyncDispose]: () => ends.disposeAsync() };
}

/** Time until a revocation is in force, in milliseconds. */
async function inForceAfter(id: string, { list, feed }: Followed): Promise<number> {
  const begin = performance.now();
  list.revoke(id);
  await vi.waitFor(() => expect(feed.set.has(id)).toBe(true), { timeout: 15_000, interval: 5 });
  return performance.now() - begin;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

// Concurrent, because the tests mostly wait.
describe.concurrent('a feed of revocations', () => {
  // Existing connections are lost silently; new ones can be opened.
  test.each<[string, Fault]>([
    ['swallowed what came on them', { kind: 'black-hole' }],
    ['lost what the server sent', { kind: 'half-open' }],
    ['were reset', { kind: 'reset', when: 'at-once' }],
  ])(
    'where all connections %s, a revocation is in force within two seconds, and again and again',
    async (_what, fault) => {
      await using followed = await follow();
      const { feed, proxy } = followed;
      for (const id of ['a', 'b', 'c']) {
        await vi.waitFor(() => expect(feed.status().state).toBe('following'), { timeout: 15_000 });
        await proxy.set(fault);
        // Long enough to lose a heartbeat.
        await pause(1050);
        await proxy.set(noFault);
        expect(await inForceAfter(id, followed)).toBeLessThan(2000);
      }
    },
    60_000,
  );

  test('after an outage what was revoked meanwhile is in force within seconds, and the log has a line for each end of it', async () => {
    await using followed = await follow();
    const { list, proxy, feed, log } = followed;
    await proxy.set({ kind: 'refuse' });
    list.revoke('meanwhile');
    await vi.waitFor(() => expect(feed.status().state).toBe('stale'), { timeout: 10_000 });
    await pause(4000);
    await proxy.set(noFault);
    // It reconnects after 4.8 s at the latest, and polls sooner unless its breaker is open.
    await vi.waitFor(() => expect(feed.status()).toMatchObject({ state: 'following', size: 1 }), 6000);
    expect(feed.set.has('meanwhile')).toBe(true);
    const said = log.lines.filter(({ message }) => /revocation stream|a call|a subscription/.test(message));
    expect(said.filter(({ level }) => level !== 'debug').map(({ level }) => level)).toEqual(['warn', 'info']);
  }, 60_000);
});
