import { wikiContract } from '@arcadium/contracts/wiki';
import { connect, type ConnectOptions } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFaultProxy, type FaultProxy } from '../src/fault-proxy/index.ts';
import { openLoop } from '../src/load/open-loop.ts';
import { quantile } from '../src/load/quantile.ts';
import { newAuthor, startWikis, type Wikis } from '../src/wikis.ts';

// Three replicas of the wiki on one database, and one caller that knows all of them.

const perSecond = 200;
/** Enough pages that calls rarely wait for one another's locks. */
const pages = 50;

let wikis: Wikis;
let author: Awaited<ReturnType<typeof newAuthor>>;

beforeAll(async () => {
  wikis = await startWikis(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
  author = await newAuthor(wikis, pages);
});
afterAll(async () => {
  await wikis[Symbol.asyncDispose]();
});

function options(urls: readonly string[]): ConnectOptions<'user'> {
  return { as: 'user', url: urls, token: author.token, log: silentLogger };
}

function urlsOf(places: readonly { url: string }[]): string[] {
  return places.map(({ url }) => url);
}

function pageOf(n: number): string {
  return author.pageIds[n % pages] ?? '';
}

describe('one of three replicas is 20 times slower', () => {
  const phases = 5;
  const callsEach = 400;
  /** The delay of each proxy in each direction, in milliseconds. */
  const quickMs = 10;
  const slowMs = 200;

  /**
   * A proxy in front of each of three replicas, and a client; with the number of calls that each has passed
   * on.
   */
  async function through(delays: readonly number[]) {
    const passedOn = delays.map(() => 0);
    const proxies: FaultProxy[] = [];
    for (const [n, { url }] of wikis.replicas.entries()) {
      const proxy = await startFaultProxy(url, {
        onPassedOn(bytes) {
          passedOn[n] = (passedOn[n] ?? 0) + (bytes.toString('latin1').match(/pages\.get/g)?.length ?? 0);
        },
      });
      await proxy.set({ kind: 'delay', ms: delays[n] ?? 0 });
      proxies.push(proxy);
    }
    const client = connect(wikiContract, options(urlsOf(proxies)));
    return {
      passedOn,
      p99s: [] as number[],
      call: (n: number) => client.pages.get.query({ id: pageOf(n) }),
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]();
        await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
      },
    };
  }

  test('p99 is within twice that of three good ones, and the slow one gets under 1 % of the calls', async () => {
    await using good = await through([quickMs, quickMs, quickMs]);
    await using mixed = await through([quickMs, quickMs, slowMs]);
    // Warms up the replicas, but not the two clients.
    for (const { url } of wikis.replicas) {
      await using wiki = connect(wikiContract, options([url]));
      const call = (n: number) => wiki.pages.get.query({ id: pageOf(n) });
      await openLoop({ perSecond, calls: 300, call });
    }
    // In turns, so that other load affects both equally.
    for (let phase = 0; phase < phases; phase++) {
      for (const { call, p99s } of [good, mixed]) {
        const { latencies, failures } = await openLoop({ perSecond, calls: callsEach, call });
        expect(failures).toEqual([]);
        p99s.push(quantile(latencies, 0.99));
      }
    }
    const calls = phases * callsEach;
    expect(sum(mixed.passedOn)).toBeGreaterThanOrEqual(calls);
    expect(mixed.passedOn[2]).toBeGreaterThan(0);
    expect(mixed.passedOn[2]).toBeLessThan(calls / 100);
    // If more than 1 % of answers were slow, they would be the p99.
    expect(quantile(mixed.p99s, 0.5)).toBeLessThan(2 * quantile(good.p99s, 0.5));
  });
});

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
