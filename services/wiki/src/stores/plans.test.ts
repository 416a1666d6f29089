import { Plans, reportPlans } from '@arcadium/prisma/testing';
import { withClient } from '@arcadium/postgres/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWiki, user, type TestWiki } from '../testing/service.ts';
import { listBin, listPages } from './pages.ts';
import { searchPages, suggestPages } from './search.ts';
import { listTermPlaces } from './terms.ts';
import { listTree } from './tree.ts';

// The cost of a list must follow from what it returns, not from what there is. PostgreSQL reports the plan of each
// statement, with the rows that it looked at.

/** Half of them are in the recycle bin: the newest quarter, and one in three of the others. The oldest tenth is of one author. */
const pages = 20_000;
const authorId = '00000000-0000-7000-8000-000000000001';
const some = { limit: 20, after: undefined };
const search = (query: string) => searchPages(wiki.client, { ...some, query, pattern: undefined });

let wiki: TestWiki;
const plans = new Plans();
beforeAll(async () => {
  wiki = await openWiki();
  await reportPlans(wiki.adminUrl);
  plans.follow(wiki.pool);
  // By the superuser, without the triggers that count terms: the service's role may not, nor may it ANALYZE.
  await withClient(wiki.adminUrl, undefined, async (admin) => {
    await admin.query('SET search_path = wiki, extensions; SET session_replication_role = replica');
    await admin.query(
      `INSERT INTO pages (id, slug, title, body, plain, author_id, updated_at, deleted_at, indexed_revision, words)
       SELECT uuidv7(), 'page-' || n, 'Page ' || n, text, text, CASE WHEN n > $1 * 0.9 THEN $2::uuid ELSE uuidv7() END,
         now() - n * interval '1 s', CASE WHEN n <= $1 / 4 OR n % 3 = 0 THEN now() - n * interval '1 s' END, 1,
         to_tsvector('pg_catalog.simple', CASE WHEN n % 1000 = 501 THEN 'common rare' ELSE 'common' END)
       FROM generate_series(1, $1::int) n, repeat('A sentence of a page. ', 10) AS text`,
      [pages, authorId],
    );
    await admin.query(
      `INSERT INTO index_entries (page_id, term, kind, weight)
       SELECT id, 'common', 'body', 1 + abs(hashtext(slug)) % 100 FROM pages`,
    );
    await admin.query('ANALYZE pages, index_entries');
  });
});
afterAll(() => wiki.close());

test.each<[string, () => Promise<unknown[]>, string, number]>([
  ['pages', () => listPages(wiki.client, { ...some, authorId: undefined }), 'pages_live_idx', 21],
  ['pages of an author', () => listPages(wiki.client, { ...some, authorId }), 'pages_live_author_idx', 21],
  ['the recycle bin', () => listBin(wiki.client, { ...some, authorId: undefined }), 'pages_bin_idx', 21],
  ['the bin of an author', () => listBin(wiki.client, { ...some, authorId }), 'pages_bin_author_idx', 21],
  [
    'pages of a term',
    () => listTermPlaces(wiki.client, { ...some, term: 'common' }),
    'index_entries_term_weight_idx',
    // Each with its page, and those in the bin.
    300,
  ],
  [
    'the top of the tree',
    () => listTree(wiki.client, { rootId: null, depth: 1, limit: 20 }),
    'pages_stranding_idx',
    100,
  ],
  // Found, ranked and shown.
  ['pages with a rare word', () => search(`'rare'`), 'pages_words_idx', 100],
  ['pages with a common word', () => search(`'common'`), 'pages_live_idx', 1100],
  [
    'titles with two letters',
    () => suggestPages(wiki.client, { text: 'zq', limit: 10 }),
    'pages_live_idx',
    10_000,
  ],
])('%s', async (_, call, index, most) => {
  // PostgreSQL plans the first runs of a prepared statement for their values, and later ones perhaps not.
  for (let run = 0; run < 7; run += 1) {
    plans.take();
    await call();
  }
  const { ways, rows } = plans.take();
  expect(ways).toContain(index);
  expect(ways).not.toContain('scan of pages');
  expect(ways).not.toContain('scan of index_entries');
  expect(rows).toBeLessThanOrEqual(most);
});

test('a page in the bin is known to strand others while there are live pages below it, whatever happens to them', async () => {
  const ann = user('Ann');
  const publish = async (slug: string, parentId: string | null) =>
    (await wiki.publish(slug, { by: ann, parentId })).id;
  const stranding = async () =>
    (await wiki.pool.query<{ slug: string }>('SELECT slug FROM pages WHERE strands ORDER BY slug')).rows.map(
      ({ slug }) => slug,
    );
  const top = await publish('top', null);
  const middle = await publish('middle', top);
  const leaf = await publish('leaf', middle);
  await wiki.call('pages.delete', ann, { id: leaf });
  await wiki.call('pages.delete', ann, { id: middle });
  expect(await stranding()).toEqual([]);
  await wiki.call('pages.restore', ann, { id: leaf });
  expect(await stranding()).toEqual(['middle']);
  await wiki.call('pages.delete', ann, { id: leaf });
  expect(await stranding()).toEqual([]);
  await wiki.call('pages.restore', ann, { id: leaf });
  await wiki.call('pages.delete', ann, { id: top });
  expect(await stranding()).toEqual(['middle']);
  await wiki.call('pages.restore', ann, { id: middle });
  expect(await stranding()).toEqual(['top']);
  await wiki.pool.query('UPDATE pages SET parent_id = NULL WHERE id = $1', [middle]);
  expect(await stranding()).toEqual([]);
});

test('a page restored while its parent goes into the bin is known as stranded', async () => {
  const ann = user('Ann');
  const { id: parentId } = await wiki.publish('parent', { by: ann });
  const { id } = await wiki.publish('child', { by: ann, parentId });
  for (let round = 0; round < 20; round += 1) {
    await wiki.call('pages.delete', ann, { id });
    await Promise.all([
      wiki.call('pages.restore', ann, { id }),
      wiki.call('pages.delete', ann, { id: parentId }),
    ]);
    const { rows } = await wiki.pool.query('SELECT strands FROM pages WHERE id = $1', [parentId]);
    expect(rows).toEqual([{ strands: true }]);
    await wiki.call('pages.restore', ann, { id: parentId });
  }
});
