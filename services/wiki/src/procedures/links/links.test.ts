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

test.each(['notes.md', 'docs/a.b.md', 'readme.md.md', 'spec.pdf', 'v1.2', 'a_b-c'])(
  'what may be an address can be linked: %s',
  async (slug) => {
    await wiki.publish(slug);
    await wiki.publish('from', { body: `[x](/${slug}) [relative](./${slug}#part)` });
    expect(await broken()).toEqual([]);
    expect(await backlinks(slug)).toEqual(['from']);
    expect(await orphans()).toEqual(['from']);
  },
);

test('a link with .md leads to the page of that address, and where there is none to the one without', async () => {
  await wiki.publish('from', { body: '[x](/notes.md)' });
  expect(await backlinks('notes')).toEqual(['from']);
  expect(await backlinks('notes.md')).toEqual(['from']);
  expect(await broken()).toEqual(['from → notes']);
  await wiki.publish('notes');
  expect(await broken()).toEqual([]);
  expect(await orphans()).toEqual(['from']);
  const { id } = await wiki.publish('notes.md', { by: ann });
  expect(await backlinks('notes.md')).toEqual(['from']);
  expect(await backlinks('notes')).toEqual([]);
  expect(await orphans()).toEqual(['from', 'notes']);
  await wiki.call('pages.delete', ann, { id });
  expect(await backlinks('notes')).toEqual(['from']);
  // A link without `.md` does not lead there.
  await wiki.publish('plain', { body: '[x](/other)' });
  await wiki.publish('other.md');
  expect(await broken()).toEqual(['plain → other']);
  expect(await orphans()).toContain('other.md');
});

test('a page that has moved is found at its old addresses, and the links to them hold', async () => {
  const { id } = await wiki.publish('old', { body: 'Words.' });
  await wiki.publish('from', { body: '[x](/old.md)' });
  await wiki.call('pages.move', ann, { id, revision: 1, slug: 'newer' });
  await wiki.call('pages.move', ann, { id, revision: 2, slug: 'newest' });
  await wiki.publish('later', { body: '[x](/newer) [y](/newest)' });
  for (const slug of ['old', 'newer', 'newest']) {
    expect(await wiki.ask('pages.get', { slug })).toMatchObject({ id, slug: 'newest' });
    expect(await backlinks(slug)).toEqual(['from', 'later']);
  }
  expect(await broken()).toEqual([]);
  expect(await orphans()).toEqual(['from', 'later']);
});

test('a page that has the address now comes before one that had it', async () => {
  const { id } = await wiki.publish('place');
  await wiki.publish('from', { body: '[x](/place)' });
  await wiki.call('pages.move', ann, { id, revision: 1, slug: 'elsewhere' });
  const other = await wiki.publish('place', { by: ann });
  expect(await wiki.ask('pages.get', { slug: 'place' })).toMatchObject({ id: other.id });
  expect(await backlinks('elsewhere')).toEqual([]);
  expect(await backlinks('place')).toEqual(['from']);
  await wiki.call('pages.delete', ann, { id: other.id });
  expect(await wiki.ask('pages.get', { slug: 'place' })).toMatchObject({ id });
  expect(await backlinks('elsewhere')).toEqual(['from']);
  // The last page that moved away from the address counts.
  const third = await wiki.publish('place');
  await wiki.call('pages.move', ann, { id: third.id, revision: 1, slug: 'third' });
  expect(await wiki.ask('pages.get', { slug: 'place' })).toMatchObject({ id: third.id });
  // A page that is back at its address.
  await wiki.call('pages.move', ann, { id: third.id, revision: 2, slug: 'place' });
  expect(await wiki.ask('pages.get', { slug: 'place' })).toMatchObject({ id: third.id, slug: 'place' });
  expect(await wiki.ask('pages.get', { slug: 'third' })).toMatchObject({ id: third.id, slug: 'place' });
});

test('a page in the bin is not found at an old address, and links to it are broken', async () => {
  const { id } = await wiki.publish('was', { by: ann });
  await wiki.publish('from', { body: '[x](/was)' });
  await wiki.call('pages.move', ann, { id, revision: 1, slug: 'is' });
  await wiki.call('pages.delete', ann, { id });
  await expect(wiki.ask('pages.get', { slug: 'was' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await broken()).toEqual(['from → was']);
  await wiki.call('pages.restore', ann, { id });
  expect(await wiki.ask('pages.get', { slug: 'was' })).toMatchObject({ slug: 'is' });
  expect(await broken()).toEqual([]);
});
