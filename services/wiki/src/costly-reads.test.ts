import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  ask,
  askBatch,
  beside,
  from,
  openSocket,
  patiently,
  readiness,
  type Reply,
} from './testing/attack.ts';
import { serveWiki, type ServedWiki } from './testing/served.ts';

const words = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'india', 'juliet'];
const worst = { path: 'search.query', input: { text: words.join(' or '), limit: 100 } };

let wiki: ServedWiki;
const pageId = randomUUID();

beforeAll(async () => {
  wiki = await serveWiki();
  await wiki.pool.query(
    `INSERT INTO pages (id, slug, title, body, plain, author_id) VALUES ($1, 'home', 'Home', '.', '.', $1)`,
    [pageId],
  );
  await insertLongPages(100);
  await insertManyRows();
  // Opens the service's connections before the attack.
  await Promise.all(Array.from({ length: 30 }, () => ask(wiki, 'pages.list', { limit: 100 })));
});
afterAll(() => wiki.close());

/** Pages of almost the maximum length, with each word thousands of times. */
async function insertLongPages(count: number): Promise<void> {
  const text = Array.from(
    { length: 15_000 },
    (_, n) => `${words[(n * 7) % 10]} word${(n * 7919) % 3000}`,
  ).join(' ');
  for (let page = 0; page < count; page += 10) {
    await wiki.pool.query(
      `INSERT INTO pages (id, slug, title, body, plain, author_id)
       SELECT gen_random_uuid(), 'long/' || n, 'Long ' || n, 'x', $1, gen_random_uuid()
       FROM generate_series($2::int, $2::int + 9) AS n`,
      [text.slice(0, 199_000), page],
    );
  }
}

/**
 * 50,000 comments, half of them deleted; and 5,000 pages with 10 terms each, linked in a ring so that none is
 * an orphan.
 */
async function insertManyRows(): Promise<void> {
  await wiki.pool.query(
    `INSERT INTO comments (id, page_id, author_id, body, deleted_at)
     SELECT gen_random_uuid(), $1, $1, repeat('words ', 100), CASE WHEN n % 2 = 0 THEN now() END
     FROM generate_series(1, 50000) AS n`,
    [pageId],
  );
  await wiki.pool.query(
    `INSERT INTO pages (id, slug, title, body, plain, author_id)
     SELECT gen_random_uuid(), 'ring/' || n, 'Ring', '.', '.', gen_random_uuid() FROM generate_series(1, 5000) AS n`,
  );
  await wiki.pool.query(
    `INSERT INTO page_links (page_id, position, target, text)
     SELECT id, n, 'ring/' || 1 + (substr(slug, 6)::int + n) % 5000, 'next'
     FROM pages, generate_series(0, 9) AS n WHERE slug LIKE 'ring/%'`,
  );
  await wiki.pool.query(
    `INSERT INTO index_entries (page_id, term, kind, weight)
     SELECT id, 'term' || n, 'body', 1 FROM pages, generate_series(1, 10) AS n WHERE slug LIKE 'ring/%'`,
  );
  // As the service does when it has read a page: the terms of each are counted.
  await wiki.pool.query(`UPDATE pages SET indexed_revision = revision WHERE slug LIKE 'ring/%'`);
}

const askAgain = async (path: string, input: object) =>
  (await patiently(() => ask(wiki, path, input, from('192.0.2.200')))).status;

/** Calls of other users, who retry when told to, as clients do. */
const honest = {
  health: () => readiness(wiki),
  page: () => askAgain('pages.get', { id: pageId }),
  search: () => askAgain('search.query', { text: 'alpha' }),
};
const allIsWell = { health: [200], page: [200], search: [200] };

/** The attacker must get an answer, or be told when to retry. */
function expectAnswered(replies: readonly Reply[]): void {
  for (const { status, retryAfter } of replies) {
    expect([200, 429, 503]).toContain(status);
    if (status !== 200) expect(retryAfter).toMatch(/^[1-9]/);
  }
}

describe('searches for ten words in a hundred long pages', () => {
  test.each([12, 40])('%i at once, again and again, keep nobody waiting', async (count) => {
    const replies: Reply[] = [];
    const attack = async () => {
      for (let round = 0; round < 3; round += 1) {
        const searches = Array.from({ length: count }, () =>
          ask(wiki, worst.path, worst.input, from('192.0.2.1')),
        );
        replies.push(...(await Promise.all(searches)));
      }
    };
    expect(await beside(attack(), honest)).toEqual(allIsWell);
    expectAnswered(replies);
  });

  test('nor do batches of 20, in HTTP requests and in messages of a WebSocket', async () => {
    const socket = await openSocket(wiki);
    const attack = async () => {
      const batches = Array.from({ length: 3 }, () => [
        askBatch(wiki, { ...worst, times: 20 }, from('192.0.2.1')),
        socket.ask(worst.path, worst.input, 20),
      ]);
      for (const status of (await Promise.all(batches.flat())).flat())
        expect([200, 429, 503]).toContain(status);
    };
    expect(await beside(attack(), honest)).toEqual(allIsWell);
    socket.close();
  });

  test('nor do those of many addresses', async () => {
    const searches = Array.from({ length: 40 }, (_, n) =>
      ask(wiki, worst.path, worst.input, from(`192.0.2.${n}`)),
    );
    expect(await beside(Promise.all(searches), { health: honest.health, page: honest.page })).toEqual({
      health: [200],
      page: [200],
    });
  });
});

test.each<[string, object]>([
  ['comments.list', { pageId, limit: 100 }],
  ['links.orphans', { limit: 100 }],
  ['links.broken', { limit: 100 }],
  ['links.backlinks', { slug: 'ring/1', limit: 100 }],
  ['index.list', { limit: 100 }],
  ['index.get', { term: 'term1', limit: 100 }],
  ['pages.tree', {}],
  ['search.suggest', { text: 'r' }],
])('40 of %s at once, over many rows, keep nobody waiting', async (path, input) => {
  const replies: Reply[] = [];
  const attack = Array.from({ length: 40 }, async () => {
    replies.push(await ask(wiki, path, input, from('192.0.2.1')));
  });
  expect(await beside(Promise.all(attack), honest)).toEqual(allIsWell);
  expectAnswered(replies);
  expect(await askAgain(path, input)).toBe(200);
});

test('a list of which little is to be shown is still shown whole, a part with each call', async () => {
  const parts: { items: unknown[]; nextCursor: string | null }[] = [];
  for (let cursor: string | null | undefined; cursor !== null; cursor = parts.at(-1)?.nextCursor ?? null) {
    const { body } = await ask(wiki, 'links.orphans', { limit: 100, ...(cursor && { cursor }) });
    parts.push((body as { result: { data: (typeof parts)[number] } }).result.data);
  }
  // The long pages and `home`; the pages of the ring are linked.
  expect(parts.flatMap(({ items }) => items)).toHaveLength(101);
  expect(parts.length).toBeGreaterThan(5101 / 500);
});

describe('the statements of callers who have gone are ended', () => {
  /** The statements that wait for the test's lock. */
  const waiting = async () => {
    const { rows } = await wiki.pool.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows[0]?.count;
  };
  /** Locks a table, so that reads have to wait. */
  const whileLocked = async (work: () => Promise<void>) => {
    const holder = await wiki.pool.connect();
    await holder.query('BEGIN; LOCK TABLE pages IN ACCESS EXCLUSIVE MODE');
    await work();
    await holder.query('ROLLBACK');
    holder.release();
  };
  const paths: [string, object][] = [
    ['pages.get', { id: pageId }],
    ['pages.list', {}],
    ['pages.history', { id: pageId }],
    ['search.query', { text: 'alpha' }],
  ];

  test.each(paths)('%s over HTTP', async (path, input) => {
    await whileLocked(async () => {
      const leaving = new AbortController();
      const url = `${wiki.url}/trpc/${path}?input=${encodeURIComponent(JSON.stringify(input))}`;
      const calls = Array.from({ length: 3 }, () => fetch(url, { signal: leaving.signal }).catch(() => {}));
      await vi.waitFor(async () => expect(await waiting()).toBeGreaterThan(0));
      leaving.abort();
      await Promise.all(calls);
      await vi.waitFor(async () => expect(await waiting()).toBe(0));
    });
    expect((await ask(wiki, path, input)).status).toBe(200);
  });

  test.each(paths)('%s over a WebSocket', async (path, input) => {
    await whileLocked(async () => {
      const socket = await openSocket(wiki);
      void socket.ask(path, input, 3);
      await vi.waitFor(async () => expect(await waiting()).toBeGreaterThan(0));
      socket.close();
      await vi.waitFor(async () => expect(await waiting()).toBe(0));
    });
  });

  test('and of those who wait no longer', async () => {
    await whileLocked(async () => {
      const { status } = await ask(wiki, 'pages.get', { id: pageId }, { 'x-timeout-ms': '200' });
      expect(status).toBe(408);
      await vi.waitFor(async () => expect(await waiting()).toBe(0));
    });
  });
});

test('a batch of 20 counts as 20 calls, over HTTP and over a WebSocket', async () => {
  const limited = await serveWiki({ callsPerMinute: 30 });
  const batch = { path: 'pages.list', input: {}, times: 20 };
  expect(await askBatch(limited, batch, from('192.0.2.1'))).toEqual(Array.from({ length: 20 }, () => 200));
  const second = await askBatch(limited, batch, from('192.0.2.1'));
  expect(second.filter((status) => status === 200)).toHaveLength(10);
  expect(second.filter((status) => status === 429)).toHaveLength(10);
  const socket = await openSocket(limited);
  await socket.ask(batch.path, batch.input, 20);
  expect((await socket.ask(batch.path, batch.input, 20)).filter((status) => status === 429)).toHaveLength(10);
  socket.close();
  await limited.close();
});
