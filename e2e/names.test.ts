import type * as dns from 'node:dns/promises';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { countedCalls } from './src/fault-table/server-count.ts';
import { openLoop } from './src/load/open-loop.ts';
import { until } from './src/mesh.ts';
import { newAuthor, startWikis, type Replica, type Wikis } from './src/wikis.ts';

// Three replicas behind one name, as in Compose and Kubernetes. Only the name's resolution is replaced; on
// Linux, all addresses of 127.0.0.0/8 belong to this machine.

const name = 'wiki.test';
const hosts = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
/** How soon a change of the name must take effect, in milliseconds. */
const boundMs = 5000;

/** The addresses of the name. */
const known = vi.hoisted(() => ({ addresses: [] as string[] }));
vi.mock('node:dns/promises', async (importOriginal) => {
  const original = await importOriginal<typeof dns>();
  const lookup = async (host: string, options: object) =>
    host === 'wiki.test'
      ? known.addresses.map((address) => ({ address, family: 4 }))
      : original.lookup(host, options);
  return { ...original, lookup };
});

const onLinux = process.platform === 'linux';

let wikis: Wikis;

beforeAll(async () => {
  if (onLinux) wikis = await startWikis(hosts, { samePort: await findFreePort() });
});
afterAll(async () => {
  if (onLinux) await wikis[Symbol.asyncDispose]();
});

/** Number of queries that a replica has answered. */
async function answered({ url }: Replica): Promise<number> {
  return new Map(await countedCalls(url)).get('pages.get') ?? 0;
}

test.skipIf(!onLinux)(
  'an address that comes or goes shows within 5 s, and no call fails',
  async () => {
    const [first, , third] = wikis.replicas as [Replica, Replica, Replica];
    const { token, pageIds } = await newAuthor(wikis, 1);
    known.addresses = hosts.slice(0, 2);
    await using wiki = connect(wikiContract, {
      as: 'user',
      url: `http://${name}:${new URL(first.url).port}`,
      token,
      log: silentLogger,
    });
    let made = 0;
    let over = false;
    const load = openLoop({
      perSecond: 100,
      stopped: () => over,
      call: async () => {
        await wiki.pages.get.query({ id: pageIds[0] ?? '' });
        made += 1;
      },
    });
    await until(async () => (await answered(first)) > 0, 'the first one gets calls');
    expect(await answered(third)).toBe(0);

    known.addresses = hosts;
    const addedAt = performance.now();
    await until(async () => (await answered(third)) > 0, 'the new one gets calls');
    expect(performance.now() - addedAt).toBeLessThan(boundMs);

    known.addresses = hosts.slice(1);
    const removedAt = performance.now();
    // A replica gets no more calls if a hundred went elsewhere.
    let before = { count: -1, made };
    await until(async () => {
      const count = await answered(first);
      if (count !== before.count) before = { count, made };
      return made - before.made > 100;
    }, 'the one that went gets none');
    expect(performance.now() - removedAt).toBeLessThan(boundMs);

    over = true;
    expect((await load).failures).toEqual([]);
  },
  60_000,
);
