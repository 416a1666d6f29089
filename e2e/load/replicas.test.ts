import { randomUUID } from 'node:crypto';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect, type ConnectOptions } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commentRows } from '../src/comment-rows.ts';
import { countedCalls } from '../src/fault-table/server-count.ts';
import { openLoop } from '../src/load/open-loop.ts';
import { until } from '../src/mesh.ts';
import { plainWikiContract } from '../src/plain-wiki.ts';
import { newAuthor, startWikis, type Replica, type Wikis } from '../src/wikis.ts';

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

/** Number of calls that a replica has answered since its start. */
async function answered({ url }: Replica): Promise<number> {
  return sum((await countedCalls(url)).map(([, count]) => count));
}

/** Calls of all kinds in turn. Each comment has a unique text, also among repetitions of the test. */
function mixedCalls() {
  const word = randomUUID();
  const byKey = connect(wikiContract, options(urlsOf(wikis.replicas)));
  const plain = connect(plainWikiContract, options(urlsOf(wikis.replicas)));
  const comment = (n: number) => ({ pageId: pageOf(n), body: `${word} ${n}` });
  return {
    word,
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

/** A function that makes calls of several kinds in turn. */
function byTurns(kinds: readonly ((n: number) => Promise<unknown>)[]) {
  return async (n: number): Promise<unknown> => await kinds[n % kinds.length]?.(n);
}

/** Checks that each comment exists exactly once, and no others. */
async function expectEachOnce(word: string, numbers: readonly number[]): Promise<void> {
  const rows = await commentRows(wikis.database, `${word} `);
  expect([...rows.values()].filter((ids) => ids.length > 1)).toEqual([]);
  expect([...rows.keys()].toSorted()).toEqual(numbers.map((n) => `${word} ${n}`).toSorted());
}

// On a machine without time for 200 calls per second, some are rightly refused.
test(
  'one is killed: no query fails, nor what may be made again; started again, it gets calls again',
  { retry: 2 },
  async () => {
    await using calls = mixedCalls();
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
    // The share is up to the balancer: a new process is slow at first.
    await until(async () => (await answered(victim)) > 0, 'it gets calls again');
    expect(performance.now() - readyAt).toBeLessThan(10_000);
    over = true;
    const { failures, calls: made } = await load;
    expect(failures).toEqual([]);
    await expectEachOnce(
      calls.word,
      numbersUpTo(made).filter((n) => n % 7 === 6),
    );
  },
);

// On a busy machine, servers refuse calls while one of them starts, which is not tested here. A restart that
// loses calls loses some in every attempt.
test(
  'all are restarted, one after the other: no call fails, plain mutations included',
  { retry: 2 },
  async () => {
    await using calls = mixedCalls();
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
      calls.word,
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
