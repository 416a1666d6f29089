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
