import { connect } from '@arcadium/mesh/client';
import { followRevocations, remoteRevocations, type RevocationFeed } from '@arcadium/mesh/identity';
import {
  createTestIdentity,
  recordingLogger,
  registry,
  RevocationList,
  startRegistry,
} from '@arcadium/mesh/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { noFault, startFaultProxy, type Fault, type FaultProxy } from './src/fault-proxy/index.ts';

const cleanups: (() => unknown)[] = [];
let list: RevocationList;
let proxy: FaultProxy;
let feed: RevocationFeed;
let log: ReturnType<typeof recordingLogger>;
beforeEach(async () => {
  const identity = await createTestIdentity();
  list = new RevocationList();
  log = recordingLogger();
  const source = await startRegistry(list, identity.authenticate);
  cleanups.push(() => source.stop());
  proxy = await startFaultProxy(source.url);
  cleanups.push(() => proxy[Symbol.asyncDispose]());
  const token = await identity.serviceToken('wiki');
  const client = connect(registry, { as: 'wiki', url: proxy.url, token, log });
  cleanups.push(() => client[Symbol.asyncDispose]());
  feed = await followRevocations({ source: remoteRevocations(client.revocations), from: 'registry', log });
  cleanups.push(() => feed.stop());
  await feed.loaded();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** How long a revocation takes until it is in force, in milliseconds. */
async function inForceAfter(id: string): Promise<number> {
  const begin = performance.now();
  list.revoke(id);
  await vi.waitFor(() => expect(feed.set.has(id)).toBe(true), { timeout: 15_000, interval: 5 });
  return performance.now() - begin;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

// Connections that stood are lost without a sign; new ones can be made.
test.each<[string, Fault]>([
  ['swallowed what came on them', { kind: 'black-hole' }],
  ['lost what the server sent', { kind: 'half-open' }],
  ['were reset', { kind: 'reset', when: 'at-once' }],
])(
  'where all connections %s, a revocation is in force within two seconds, and again and again',
  async (_what, fault) => {
    for (const id of ['a', 'b', 'c']) {
      await vi.waitFor(() => expect(feed.status().state).toBe('following'), { timeout: 15_000 });
      await proxy.set(fault);
      // So that something was lost: a heartbeat.
      await pause(1050);
      await proxy.set(noFault);
      expect(await inForceAfter(id)).toBeLessThan(2000);
    }
  },
  60_000,
);

test('after an outage what was revoked meanwhile is in force within seconds, and the log has a line for each end of it', async () => {
  await proxy.set({ kind: 'refuse' });
  list.revoke('meanwhile');
  await vi.waitFor(() => expect(feed.status().state).toBe('stale'), { timeout: 10_000 });
  await pause(4000);
  await proxy.set(noFault);
  // Watched anew after 4.8 s at the latest, asked sooner unless its breaker is open.
  await vi.waitFor(() => expect(feed.status()).toMatchObject({ state: 'following', size: 1 }), 6000);
  expect(feed.set.has('meanwhile')).toBe(true);
  const said = log.lines.filter(({ message }) => /revocation stream|a call|a subscription/.test(message));
  expect(said.filter(({ level }) => level !== 'debug').map(({ level }) => level)).toEqual(['warn', 'info']);
}, 60_000);
