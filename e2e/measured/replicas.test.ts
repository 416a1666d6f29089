import { randomUUID } from 'node:crypto';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect, type ConnectOptions } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commentRows } from '../src/comment-rows.ts';
import { startFaultProxy, type FaultProxy } from '../src/fault-proxy/index.ts';
import { countedCalls } from '../src/fault-table/server-count.ts';
import { openLoop } from '../src/load/open-loop.ts';
import { quantile } from '../src/load/quantile.ts';
import { until } from '../src/mesh.ts';
import { plainWikiContract } from '../src/plain-wiki.ts';
import { newAuthor, startWikis, type Replica, type Wikis } from '../src/wikis.ts';

// Three replicas of the wiki on one database, and a caller who knows them all.

const perSecond = 200;
/** So many that calls seldom wait for one another's locks. */
const pages = 50;

let wikis: Wikis;
let author: Awaited<ReturnType<typeof newAuthor>>;

beforeAll(async () => {
  wikis = await startWikis(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
  author = await newAuthor(wikis, pages);
}, 60_000);
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

/** How many calls a replica has answered since it was started. */
async function answered({ url }: Replica): Promise<number> {
  return sum((await countedCalls(url)).map(([, count]) => count));
}

describe('one of three replicas is 20 times slower', () => {
  const phases = 5;
  const callsEach = 400;
  /** What each proxy adds in each direction, in milliseconds. */
  const quickMs = 10;
  const slowMs = 200;

  /** Three proxies, one before each replica, and a client of theirs; with the calls that each has passed on. */
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
    // The replicas are to be warm, each by itself; the two clients are not.
    for (const { url } of wikis.replicas) {
      await using wiki = connect(wikiContract, options([url]));
      const call = (n: number) => wiki.pages.get.query({ id: pageOf(n) });
      await openLoop({ perSecond, calls: 300, call });
    }
    // By turns, so that what else this machine does befalls both.
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
    // A share of more than 1 % of slow answers makes them the p99.
    expect(quantile(mixed.p99s, 0.5)).toBeLessThan(2 * quantile(good.p99s, 0.5));
  }, 90_000);
});

/** Calls of all kinds by turns, each comment with a text of its own. */
function mixedCalls(word: string) {
  const byKey = connect(wikiContract, options(urlsOf(wikis.replicas)));
  const plain = connect(plainWikiContract, options(urlsOf(wikis.replicas)));
  const comment = (n: number) => ({ pageId: pageOf(n), body: `${word} ${n}` });
  return {
    query: (n: number) => byKey.pages.get.query({ id: pageOf(n) }),
    idempotent: (n: number) => byKey.pages.watch.mutate({ id: pageOf(n) }),
    byKey: (n: number) => byKey.comments.create.mutate(comment(n)),
    plain: (n: number) => plain.comments.create.mutate(comment(n)),
    async [Symbol.asyncDispose]() {
      await Promise.all([byKey[Symbol.asyncDispose](), plain[Symbol.asyncDispose]()]);
    },
  };
}

/** Most calls are queries. */
function queries({ query }: { query: (n: number) => Promise<unknown> }) {
  return [query, query, query, query, query];
}

/** A function that calls one after the other of several. */
function byTurns(kinds: readonly ((n: number) => Promise<unknown>)[]) {
  return async (n: number): Promise<unknown> => await kinds[n % kinds.length]?.(n);
}

/** Each comment once, and no other. */
async function expectEachOnce(word: string, numbers: readonly number[]): Promise<void> {
  const rows = await commentRows(wikis.database, `${word} `);
  expect([...rows.values()].filter((ids) => ids.length > 1)).toEqual([]);
  expect([...rows.keys()].toSorted()).toEqual(numbers.map((n) => `${word} ${n}`).toSorted());
}

test('one is killed: no query fails, nor what may be made again; started again, it gets calls again', async () => {
  await using calls = mixedCalls('killed');
  const [victim] = wikis.replicas as [Replica];
  let over = false;
  const load = openLoop({
    perSecond,
    stopped: () => over,
    call: byTurns([...queries(calls), calls.idempotent, calls.byKey]),
  });
  const before = await answered(victim);
  await until(async () => (await answered(victim)) > before + 100, 'it gets calls');

  victim.process.signal('SIGKILL');
  await victim.process.ended;
  const othersAt = await Promise.all(wikis.replicas.slice(1).map(answered));
  await until(
    async () => sum(await Promise.all(wikis.replicas.slice(1).map(answered))) > sum(othersAt) + 400,
    'the others get its calls',
  );

  victim.start();
  await victim.ready();
  const readyAt = performance.now();
  // How many is the balancer's affair: a process that has just begun is slow at first.
  await until(async () => (await answered(victim)) > 0, 'it gets calls again');
  expect(performance.now() - readyAt).toBeLessThan(10_000);
  over = true;
  const { failures, calls: made } = await load;
  expect(failures).toEqual([]);
  await expectEachOnce(
    'killed',
    numbersUpTo(made).filter((n) => n % 7 === 6),
  );
}, 90_000);

// Where others keep this machine busy, servers refuse calls for want of time while one of them starts, which is not
// what is looked for; a restart that loses calls loses some each time.
test(
  'all are restarted, one after the other: no call fails, plain mutations included',
  {
    timeout: 90_000,
    retry: 2,
  },
  async () => {
    const word = `rolled-${randomUUID()}`;
    await using calls = mixedCalls(word);
    let over = false;
    const load = openLoop({
      perSecond,
      stopped: () => over,
      call: byTurns([...queries(calls), calls.idempotent, calls.byKey, calls.plain]),
    });
    for (const replica of wikis.replicas) {
      const before = await answered(replica);
      await until(async () => (await answered(replica)) > before + 50, 'it gets calls');
      replica.process.signal('SIGTERM');
      expect(await replica.process.ended).toBe(0);
      replica.start();
      await replica.ready();
    }
    over = true;
    const { failures, calls: made } = await load;
    expect(failures).toEqual([]);
    await expectEachOnce(
      word,
      numbersUpTo(made).filter((n) => n % 8 >= 6),
    );
  },
);

function numbersUpTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
