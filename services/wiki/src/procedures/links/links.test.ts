import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openWiki, user, type TestWiki } from '../../testing/service.ts';

let wiki: TestWiki;
beforeAll(async () => void (wiki = await openWiki()));
afterAll(() => wiki.close());
beforeEach(async () => void (await wiki.client.page.deleteMany()));

const ann = user('Ann');

const backlinks = async (slug: string) =>
  (await wiki.all('links.backlinks', { slug, limit: 1 })).map((page) => page.slug);
const broken = async (pageId?: string) =>
  (await wiki.all('links.broken', { limit: 1, ...(pageId === undefined ? {} : { pageId }) })).map(
    ({ slug, target }) => `${slug} → ${target}`,
  );
const orphans = async () => (await wiki.all('links.orphans', { limit: 1 })).map((page) => page.slug);

test('a link is broken until its page is written, and again once that is in the bin', async () => {
  const { id } = await wiki.publish('docs/a', {
    body: '[b](b.md "x") [c](/C.md) [out](https://example.org)',
  });
  await wiki.publish('docs/d', { body: '[b](b)' });
  expect(await broken()).toEqual(['docs/a → docs/b', 'docs/a → c', 'docs/d → docs/b']);
  expect(await broken(id)).toEqual(['docs/a → docs/b', 'docs/a → c']);
  expect(await backlinks('docs/b')).toEqual(['docs/a', 'docs/d']);
  const b = await wiki.publish('docs/b', { by: ann });
  expect(await broken()).toEqual(['docs/a → c']);
  await wiki.call('pages.delete', ann, { id: b.id });
  expect(await broken()).toEqual(['docs/a → docs/b', 'docs/a → c', 'docs/d → docs/b']);
  await wiki.call('pages.restore', ann, { id: b.id });
  expect(await broken()).toEqual(['docs/a → c']);
});

test('a broken link is told with its words, each time it stands there', async () => {
  const { id } = await wiki.publish('a', { body: '[one](x.md) and [two](x.md#part)' });
  expect(await wiki.all('links.broken', {})).toEqual([
    { pageId: id, slug: 'a', target: 'x', text: 'one' },
    { pageId: id, slug: 'a', target: 'x', text: 'two' },
  ]);
});

test('links follow each change of the text', async () => {
  const { id } = await wiki.publish('a', { body: '[b](b)' });
  await wiki.call('pages.update', ann, { id, revision: 1, body: '[c](c)' });
  expect(await broken()).toEqual(['a → c']);
  expect(await backlinks('b')).toEqual([]);
  await wiki.call('pages.revert', ann, { id, revision: 2, to: 1 });
  expect(await broken()).toEqual(['a → b']);
});

test('links of a page in the bin count nowhere', async () => {
  const { id } = await wiki.publish('a', { by: ann, body: '[b](b) [x](x)' });
  await wiki.publish('b');
  expect(await orphans()).toEqual(['a']);
  await wiki.call('pages.delete', ann, { id });
  expect(await backlinks('b')).toEqual([]);
  expect(await broken()).toEqual([]);
  expect(await orphans()).toEqual(['b']);
});

test('a page to which only itself links is an orphan', async () => {
  await wiki.publish('a', { body: '[me](a) [b](b)' });
  await wiki.publish('b', { body: '[b](b.md#part)' });
  await wiki.publish('c');
  expect(await orphans()).toEqual(['a', 'c']);
});
