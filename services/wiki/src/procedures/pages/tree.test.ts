import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWiki, outcomeOf, user, type TestWiki } from '../../testing/service.ts';

let wiki: TestWiki;
beforeAll(async () => void (wiki = await openWiki()));
afterAll(() => wiki.close());

const ann = user('Ann');

/** Pages one below the other, the topmost first. */
async function publishChain(name: string, length: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < length; n += 1) {
    const { id } = await wiki.publish(`${name}-${n}`, { by: ann, parentId: ids.at(-1) ?? null });
    ids.push(id);
  }
  return ids;
}

describe('pages.move', () => {
  test('changes address and parent, each alone or both', async () => {
    const { id: top } = await wiki.publish('move/top');
    const { id } = await wiki.publish('move/one', { by: ann });
    expect(await wiki.call('pages.move', ann, { id, revision: 1, slug: 'move/two' })).toMatchObject({
      slug: 'move/two',
      parentId: null,
      revision: 2,
    });
    expect(await wiki.call('pages.move', ann, { id, revision: 2, parentId: top })).toMatchObject({
      slug: 'move/two',
      parentId: top,
      revision: 3,
    });
    expect(
      await wiki.call('pages.move', ann, { id, revision: 3, slug: 'move/three', parentId: null }),
    ).toMatchObject({
      slug: 'move/three',
      parentId: null,
    });
    expect(await wiki.ask('pages.get', { slug: 'move/two' })).toMatchObject({ id, slug: 'move/three' });
  });

  test('its links follow, since they are relative to the address', async () => {
    const { id } = await wiki.publish('move/links/a', { body: '[b](b.md) [root](/c)' });
    await wiki.call('pages.move', ann, { id, revision: 1, slug: 'elsewhere/a' });
    const broken = await wiki.all('links.broken', { pageId: id });
    expect(broken.map(({ target }) => target)).toEqual(['elsewhere/b', 'c']);
  });

  test('is refused where the address is taken, the parent is missing, or somebody was faster', async () => {
    await wiki.publish('move/taken');
    const { id } = await wiki.publish('move/refused', { by: ann });
    const move = (input: object) => outcomeOf(wiki.call('pages.move', ann, { id, revision: 1, ...input }));
    expect(await move({ slug: 'move/taken' })).toBe('CONFLICT SLUG_TAKEN');
    expect(await move({ parentId: randomUUID() })).toBe('UNPROCESSABLE_CONTENT PARENT_NOT_FOUND');
    expect(await move({ revision: 2, slug: 'move/x' })).toBe('CONFLICT EDIT_CONFLICT');
    expect(await wiki.ask('pages.get', { id })).toMatchObject({ slug: 'move/refused', revision: 1 });
  });

  test('a page cannot stand below itself, however far', async () => {
    const [top = '', , bottom = ''] = await publishChain('circle', 3);
    expect(await outcomeOf(wiki.call('pages.move', ann, { id: top, revision: 1, parentId: top }))).toBe(
      'UNPROCESSABLE_CONTENT',
    );
    expect(await outcomeOf(wiki.call('pages.move', ann, { id: top, revision: 1, parentId: bottom }))).toBe(
      'UNPROCESSABLE_CONTENT',
    );
  });

  test('two pages moved below one another at once: one of them is refused', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { id: a } = await wiki.publish(`swap/${round}/a`);
      const { id: b } = await wiki.publish(`swap/${round}/b`);
      const outcomes = await Promise.all([
        outcomeOf(wiki.call('pages.move', ann, { id: a, revision: 1, parentId: b })),
        outcomeOf(wiki.call('pages.move', ann, { id: b, revision: 1, parentId: a })),
      ]);
      expect(outcomes.toSorted()).toEqual(['UNPROCESSABLE_CONTENT', 'done']);
    }
  });
});

describe('pages.tree', () => {
  test('pages below one, parents before children, to a depth', async () => {
    const [top = '', middle = ''] = await publishChain('deep', 4);
    await wiki.publish('deep-1-other', { parentId: top });
    const below = await wiki.ask('pages.tree', { rootId: top });
    expect(below.truncated).toBe(false);
    expect(below.items.map(({ slug, depth, hasChildren }) => [slug, depth, hasChildren])).toEqual([
      ['deep-1', 0, true],
      ['deep-1-other', 0, false],
      ['deep-2', 1, true],
      ['deep-3', 2, false],
    ]);
    expect(below.items[0]).toMatchObject({ id: middle, parentId: top });
    const shallow = await wiki.ask('pages.tree', { rootId: top, depth: 1 });
    expect(shallow.items.map(({ slug, hasChildren }) => [slug, hasChildren])).toEqual([
      ['deep-1', true],
      ['deep-1-other', false],
    ]);
  });

  test('below no page are those without a parent, and what stands below a page in the bin', async () => {
    const [top = '', middle = ''] = await publishChain('bin', 3);
    await wiki.call('pages.delete', ann, { id: middle });
    const { items } = await wiki.ask('pages.tree', {});
    const seen = items.filter(({ slug }) => slug.startsWith('bin-'));
    expect(
      seen.map(({ slug, depth, parentId, hasChildren }) => [slug, depth, parentId, hasChildren]),
    ).toEqual([
      ['bin-0', 0, null, false],
      ['bin-2', 0, null, false],
    ]);
    expect((await wiki.ask('pages.tree', { rootId: middle })).items).toEqual([]);
    await wiki.call('pages.restore', ann, { id: middle });
    expect((await wiki.ask('pages.tree', { rootId: top })).items.map(({ slug }) => slug)).toEqual([
      'bin-1',
      'bin-2',
    ]);
  });

  test('nothing is below what is not there', async () => {
    expect(await wiki.ask('pages.tree', { rootId: randomUUID() })).toEqual({ items: [], truncated: false });
  });

  test('a circle, which only a broken database holds, does not go round for ever', async () => {
    const [a = '', b = ''] = await publishChain('broken', 2);
    await wiki.client.page.update({ where: { id: a }, data: { parentId: b } });
    expect((await wiki.ask('pages.tree', { rootId: a })).items.map(({ id }) => id)).toEqual([b, a]);
    expect(
      await outcomeOf(
        wiki.call('pages.move', ann, { id: (await wiki.publish('tail')).id, revision: 1, parentId: a }),
      ),
    ).toBe('done');
  });

  test('no answer has more than 1000 pages, and says when there are more', async () => {
    const { id: root } = await wiki.publish('wide');
    const rows = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => ({
        slug: `wide/${String(from + n).padStart(4, '0')}`,
        title: 'w',
        body: 'w',
        plain: 'w',
        parentId: root,
        authorId: ann.user.id,
      }));
    await wiki.client.page.createMany({ data: rows(0, 1000) });
    expect(await wiki.ask('pages.tree', { rootId: root })).toMatchObject({
      truncated: false,
      items: { length: 1000 },
    });
    await wiki.client.page.createMany({ data: rows(1000, 1) });
    const { items, truncated } = await wiki.ask('pages.tree', { rootId: root });
    expect([items.length, truncated, items[0]?.slug, items.at(-1)?.slug]).toEqual([
      1000,
      true,
      'wide/0000',
      'wide/0999',
    ]);
  });
});
