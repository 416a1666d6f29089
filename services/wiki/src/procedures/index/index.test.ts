import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWiki, user, type TestWiki } from '../../testing/service.ts';

let wiki: TestWiki;
const ann = user('Ann');

beforeAll(async () => {
  wiki = await openWiki();
  await wiki.publish('mesh', { title: 'Mesh', body: 'Top word.\n\n## The breaker\n\nzebra mesh' });
  await wiki.publish('cafe', { title: 'Café', body: '# Mesh\n\nmesh mesh mesh, Äpfel' });
  const { id } = await wiki.publish('binned', { by: ann, title: 'Secret', body: 'mesh' });
  await wiki.call('pages.delete', ann, { id });
});
afterAll(() => wiki.close());

test('terms in alphabetical order, with the number of their pages, without those in the bin', async () => {
  expect(await wiki.all('index.list', { limit: 2 })).toEqual([
    { term: 'apfel', pages: 1 },
    { term: 'breaker', pages: 1 },
    { term: 'cafe', pages: 1 },
    { term: 'mesh', pages: 2 },
    { term: 'top', pages: 1 },
    { term: 'word', pages: 1 },
    { term: 'zebra', pages: 1 },
  ]);
});

test('a prefix is taken in whatever form it was typed, and as itself', async () => {
  const terms = async (prefix: string) => (await wiki.all('index.list', { prefix })).map(({ term }) => term);
  expect(await terms('CAFÉ')).toEqual(['cafe']);
  expect(await terms('me')).toEqual(['mesh']);
  expect(await terms('%')).toEqual([]);
  expect(await terms('me_h')).toEqual([]);
  expect(await terms('\0me')).toEqual(['mesh']);
});

test('where a term stands, heaviest first, with the heading to jump to', async () => {
  const places = await wiki.all('index.get', { term: 'MESH', limit: 1 });
  expect(places.map(({ slug, kind, anchor }) => [slug, kind, anchor])).toEqual([
    ['mesh', 'title', null],
    ['cafe', 'heading', 'mesh'],
    ['cafe', 'body', 'mesh'],
    ['mesh', 'body', 'the-breaker'],
  ]);
  expect(await wiki.all('index.get', { term: 'secret' })).toEqual([]);
  expect(await wiki.all('index.get', { term: '\0' })).toEqual([]);
});

test('the index follows each change of the text', async () => {
  const { id } = await wiki.publish('changing', { body: 'yesterday' });
  await wiki.call('pages.update', ann, { id, revision: 1, body: 'tomorrow' });
  expect(await wiki.all('index.get', { term: 'yesterday' })).toEqual([]);
  expect(await wiki.all('index.get', { term: 'tomorrow' })).toMatchObject([{ pageId: id, kind: 'body' }]);
});

/** The terms that begin with some letters, and how many pages have them. */
const counts = async (prefix: string) =>
  Object.fromEntries((await wiki.all('index.list', { prefix })).map(({ term, pages }) => [term, pages]));

test('pages are counted through edits, the bin and the end; a term that no page has is none', async () => {
  const one = await wiki.publish('counted/one', { by: ann, body: 'qqa qqb' });
  const two = await wiki.publish('counted/two', { by: ann, body: 'qqb qqc\n\n## qqb' });
  expect(await counts('qq')).toEqual({ qqa: 1, qqb: 2, qqc: 1 });
  await wiki.call('pages.update', ann, { id: one.id, revision: 1, body: 'qqc qqd' });
  expect(await counts('qq')).toEqual({ qqb: 1, qqc: 2, qqd: 1 });
  for (let times = 0; times < 2; times += 1) await wiki.call('pages.delete', ann, { id: two.id });
  expect(await counts('qq')).toEqual({ qqc: 1, qqd: 1 });
  for (let times = 0; times < 2; times += 1) await wiki.call('pages.restore', ann, { id: two.id });
  expect(await counts('qq')).toEqual({ qqb: 1, qqc: 2, qqd: 1 });
  await wiki.client.page.delete({ where: { id: one.id } });
  expect(await counts('qq')).toEqual({ qqb: 1, qqc: 1 });
});

test('twenty pages at once that share their words, each in another order, are counted whole', async () => {
  const words = Array.from({ length: 60 }, (_, n) => `wwords${String.fromCodePoint(97 + (n % 26))}${n}`);
  const pages = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      wiki.publish(`shared/${n}`, { by: ann, body: [...words.slice(n), ...words.slice(0, n)].join(' ') }),
    ),
  );
  expect(await counts('wwords')).toEqual(Object.fromEntries(words.map((word) => [word, 20])));
  await Promise.all(
    pages.map(({ id }, n) =>
      n % 2 === 0
        ? wiki.call('pages.delete', ann, { id })
        : wiki.call('pages.update', ann, { id, revision: 1, body: words.toReversed().slice(n).join(' ') }),
    ),
  );
  const left = words.map((word, place) => [
    word,
    pages.filter((_, n) => n % 2 === 1 && n < 60 - place).length,
  ]);
  expect(await counts('wwords')).toEqual(Object.fromEntries(left.filter(([, count]) => count !== 0)));
});

test('a version of the service that knows of no counts leaves them right as well', async () => {
  const { id } = await wiki.publish('older', { body: 'zzold' });
  await wiki.client.$transaction([
    wiki.client.page.update({ where: { id }, data: { revision: 2 } }),
    wiki.client.indexEntry.deleteMany({ where: { pageId: id } }),
    wiki.client.indexEntry.create({ data: { pageId: id, term: 'zznew', kind: 'body', weight: 1 } }),
  ]);
  expect(await counts('zz')).toEqual({ zznew: 1 });
});

test('of a term on more than 1000 pages, 1000 are told', async () => {
  await wiki.pool.query(
    `WITH made AS (
       INSERT INTO pages (id, slug, title, body, plain, author_id)
       SELECT gen_random_uuid(), 'many/' || n, '.', '.', '.', gen_random_uuid() FROM generate_series(1, 1001) n
       RETURNING id
     )
     INSERT INTO index_entries (page_id, term, kind, weight) SELECT id, 'xxmany', 'body', 1 FROM made`,
  );
  expect(await counts('xx')).toEqual({ xxmany: 1000 });
});
