import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWiki, outcomeOf, user, type TestWiki } from '../../testing/service.ts';

let wiki: TestWiki;
beforeAll(async () => void (wiki = await openWiki()));
afterAll(() => wiki.close());

const ann = user('Ann');
const bob = user('Bob');
const root = user('Root', 'admin');

describe('pages.create', () => {
  test('publishes a page that everybody can read by id and by address', async () => {
    const input = { slug: 'create/one', title: ' One ', body: '# One\n' };
    const page = await wiki.call('pages.create', ann, input);
    expect(page).toMatchObject({
      ...input,
      title: 'One',
      revision: 1,
      parentId: null,
      authorId: ann.user.id,
      deletedAt: null,
    });
    expect(page.createdAt).toBe(page.updatedAt);
    expect(await wiki.ask('pages.get', { id: page.id })).toEqual(page);
    expect(await wiki.ask('pages.get', { slug: 'create/one' })).toEqual(page);
  });

  test('an address is given once, also to many who ask at the same time', async () => {
    const attempts = Array.from({ length: 8 }, () => outcomeOf(wiki.publish('create/race')));
    expect((await Promise.all(attempts)).toSorted()).toEqual([
      ...Array<string>(7).fill('CONFLICT SLUG_TAKEN'),
      'done',
    ]);
  });

  test('the parent must be there', async () => {
    const parent = await wiki.publish('create/parent', { by: ann });
    expect(await wiki.publish('create/child', { parentId: parent.id })).toMatchObject({
      parentId: parent.id,
    });
    expect(await outcomeOf(wiki.publish('create/orphan', { parentId: randomUUID() }))).toBe(
      'UNPROCESSABLE_CONTENT PARENT_NOT_FOUND',
    );
    await wiki.call('pages.delete', ann, { id: parent.id });
    expect(await outcomeOf(wiki.publish('create/late', { parentId: parent.id }))).toBe(
      'UNPROCESSABLE_CONTENT PARENT_NOT_FOUND',
    );
  });

  test('needs a user', async () => {
    expect(await outcomeOf(wiki.ask('pages.create', { slug: 'a', title: 'a', body: 'a' }))).toBe(
      'UNAUTHORIZED',
    );
  });

  test('any text goes in and comes out', async () => {
    const body = `'; DROP TABLE pages; -- $1 %s \\ \u{E000} \u{1F600} ${'ß'.repeat(1000)}\n`;
    const { id } = await wiki.publish('create/odd', { body, title: `"'\\%_` });
    expect(await wiki.ask('pages.get', { id })).toMatchObject({ body, title: `"'\\%_` });
  });

  test('half a character becomes the replacement character', async () => {
    const { id } = await wiki.publish('create/half', { body: 'a\uD800b', title: 'a\uDC00b' });
    expect(await wiki.ask('pages.get', { id })).toMatchObject({ body: 'a\uFFFDb', title: 'a\uFFFDb' });
  });
});

test.each(['\u202Eeltit', '\u200B\u200B', 'a\u2066b', '\u3164', 'a\u2028b'])(
  'the title %j is refused, and nothing is written',
  async (title) => {
    const { id } = await wiki.publish(`title/${Buffer.from(title).toString('hex')}`, { title: 'Title' });
    const before = await wiki.client.page.count();
    expect(await outcomeOf(wiki.publish('title/refused', { title }))).toBe('BAD_REQUEST');
    expect(await outcomeOf(wiki.call('pages.update', ann, { id, revision: 1, title }))).toBe('BAD_REQUEST');
    expect(await wiki.client.page.count()).toBe(before);
    expect(await wiki.ask('pages.get', { id })).toMatchObject({ title: 'Title', revision: 1 });
  },
);

test('who has such a name from before is told of as ever, without the mark of direction', async () => {
  const { id } = await wiki.publish('title/told', { by: ann });
  await wiki.call('pages.update', user('\u202Eevil'), { id, revision: 1, body: 'Other words.' });
  const told = await wiki.client.notificationOutbox.findMany({ where: { link: '/pages/title/told' } });
  expect(told).toMatchObject([{ title: 'evil changed “title/told”' }]);
});

describe('line endings', () => {
  const lf = 'one\ntwo\n\nthree\n';
  const endings = [
    ['CRLF', '\r\n'],
    ['CR', '\r'],
    ['LF', '\n'],
  ] as const;

  test.each(endings)('of %s are stored as LF, in the page and its revision', async (name, end) => {
    const { id } = await wiki.publish(`ends/${name.toLowerCase()}`, { body: lf.replaceAll('\n', end) });
    expect((await wiki.ask('pages.get', { id })).body).toBe(lf);
    expect((await wiki.ask('pages.revision', { id, revision: 1 })).body).toBe(lf);
  });

  test.each(endings)('the same text with %s is no change, and nobody is told', async (name, end) => {
    const slug = `same/${name.toLowerCase()}`;
    const { id } = await wiki.publish(slug, { by: ann, body: lf });
    const saved = await wiki.call('pages.update', bob, {
      id,
      revision: 1,
      body: lf.replaceAll('\n', end),
    });
    expect(saved).toMatchObject({ revision: 1, body: lf });
    expect(await wiki.client.notificationOutbox.count({ where: { link: `/pages/${slug}` } })).toBe(0);
  });

  test('of a page that was stored with CRLF are no change, and become LF with the next one', async () => {
    const { id } = await wiki.publish('ends/before', { body: lf });
    const crlf = lf.replaceAll('\n', '\r\n');
    await wiki.pool.query('UPDATE pages SET body = $2 WHERE id = $1', [id, crlf]);
    await wiki.pool.query('UPDATE page_revisions SET body = $2 WHERE page_id = $1', [id, crlf]);
    const update = (change: object) => wiki.call('pages.update', ann, { id, revision: 1, ...change });
    expect(await update({ body: lf })).toMatchObject({ revision: 1 });
    expect(await update({ body: crlf })).toMatchObject({ revision: 1 });
    expect(await update({ body: `${lf}four\n` })).toMatchObject({ revision: 2 });
    expect(await wiki.ask('pages.diff', { id, from: 1, to: 2 })).toMatchObject({ added: 1, removed: 0 });
    const reverted = await wiki.call('pages.revert', ann, { id, revision: 2, to: 1 });
    expect(reverted).toMatchObject({ revision: 3, body: lf });
  });

  test('count as one character each', async () => {
    const longest = 'a\r\n'.repeat(100_000);
    const { id } = await wiki.publish('ends/longest', { body: longest });
    expect((await wiki.ask('pages.get', { id })).body).toHaveLength(200_000);
    expect(await outcomeOf(wiki.publish('ends/longer', { body: `${longest}b` }))).toBe('BAD_REQUEST');
  });

  test('do not make another call of a repeated one', async () => {
    const page = { slug: 'ends/again', title: 'Again', parentId: null };
    const first = await wiki.call('pages.create', ann, { ...page, body: lf }, 'ends');
    const again = { ...page, body: lf.replaceAll('\n', '\r\n') };
    expect(await wiki.call('pages.create', ann, again, 'ends')).toEqual(first);
  });
});

describe('pages.get', () => {
  test('what is not there, or is in the bin, is not found', async () => {
    expect(await outcomeOf(wiki.ask('pages.get', { id: randomUUID() }))).toBe('NOT_FOUND PAGE_NOT_FOUND');
    expect(await outcomeOf(wiki.ask('pages.get', { slug: 'nowhere' }))).toBe('NOT_FOUND PAGE_NOT_FOUND');
    const { id } = await wiki.publish('get/binned', { by: ann });
    await wiki.call('pages.delete', ann, { id });
    expect(await outcomeOf(wiki.ask('pages.get', { id }))).toBe('NOT_FOUND PAGE_NOT_FOUND');
    expect(await outcomeOf(wiki.ask('pages.get', { slug: 'get/binned' }))).toBe('NOT_FOUND PAGE_NOT_FOUND');
  });
});

describe('pages.update', () => {
  test('changes what is given, by whomever, and keeps the author', async () => {
    const page = await wiki.publish('update/one', { by: ann, title: 'Old', body: 'old' });
    const renamed = await wiki.call('pages.update', bob, { id: page.id, revision: 1, title: 'New' });
    expect(renamed).toMatchObject({
      title: 'New',
      body: 'old',
      revision: 2,
      authorId: ann.user.id,
      createdAt: page.createdAt,
    });
    expect(renamed.updatedAt > page.updatedAt).toBe(true);
    const rewritten = await wiki.call('pages.update', bob, { id: page.id, revision: 2, body: 'new' });
    expect(rewritten).toMatchObject({ title: 'New', body: 'new', revision: 3 });
    expect(await wiki.ask('pages.get', { id: page.id })).toEqual(rewritten);
  });

  test('of many who change the same revision at once, one wins and the others learn of it', async () => {
    const { id } = await wiki.publish('update/race');
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) =>
        wiki.call('pages.update', ann, { id, revision: 1, body: `by ${n}` }),
      ),
    );
    const winner = attempts.filter((attempt) => attempt.status === 'fulfilled');
    expect(winner).toHaveLength(1);
    for (const attempt of attempts.filter((one) => one.status === 'rejected')) {
      expect(attempt.reason).toMatchObject({
        code: 'CONFLICT',
        named: { name: 'EDIT_CONFLICT', data: { currentRevision: 2 } },
      });
    }
    expect(await wiki.ask('pages.get', { id })).toEqual(winner[0]?.value);
    expect(await wiki.all('pages.history', { id })).toHaveLength(2);
  });

  test('an earlier or a later revision than the current one is a conflict', async () => {
    const { id } = await wiki.publish('update/stale');
    await wiki.call('pages.update', ann, { id, revision: 1, body: 'two' });
    expect(await outcomeOf(wiki.call('pages.update', ann, { id, revision: 1, body: 'x' }))).toBe(
      'CONFLICT EDIT_CONFLICT',
    );
    expect(await outcomeOf(wiki.call('pages.update', ann, { id, revision: 3, body: 'x' }))).toBe(
      'CONFLICT EDIT_CONFLICT',
    );
  });

  test('a change that changes nothing makes no revision', async () => {
    const page = await wiki.publish('update/same', { title: 'T', body: 'b' });
    expect(await wiki.call('pages.update', ann, { id: page.id, revision: 1 })).toEqual(page);
    expect(await wiki.call('pages.update', ann, { id: page.id, revision: 1, title: 'T', body: 'b' })).toEqual(
      page,
    );
  });

  test('a page that is not there, or is in the bin, is not found', async () => {
    const { id } = await wiki.publish('update/gone', { by: ann });
    await wiki.call('pages.delete', ann, { id });
    expect(await outcomeOf(wiki.call('pages.update', ann, { id, revision: 1, body: 'x' }))).toBe(
      'NOT_FOUND PAGE_NOT_FOUND',
    );
  });
});

describe('pages.delete and pages.restore', () => {
  test('only the author or an administrator may, and doing it again changes nothing', async () => {
    const { id } = await wiki.publish('bin/one', { by: ann });
    expect(await outcomeOf(wiki.call('pages.delete', bob, { id }))).toBe('FORBIDDEN');
    const binned = await wiki.call('pages.delete', ann, { id });
    expect(binned.deletedAt).not.toBeNull();
    expect(await wiki.call('pages.delete', root, { id })).toEqual(binned);
    expect(await outcomeOf(wiki.call('pages.restore', bob, { id }))).toBe('FORBIDDEN');
    const restored = await wiki.call('pages.restore', root, { id });
    expect(restored).toMatchObject({ id, deletedAt: null, revision: 1 });
    expect(await wiki.call('pages.restore', ann, { id })).toEqual(restored);
    expect(await wiki.ask('pages.get', { id })).toMatchObject({ slug: 'bin/one' });
  });

  test('the address is free while the page is in the bin, and restoring fails once it is taken', async () => {
    const { id } = await wiki.publish('bin/taken', { by: ann });
    await wiki.call('pages.delete', ann, { id });
    const other = await wiki.publish('bin/taken', { by: bob });
    expect(await outcomeOf(wiki.call('pages.restore', ann, { id }))).toBe('CONFLICT SLUG_TAKEN');
    await wiki.call('pages.delete', bob, { id: other.id });
    expect(await outcomeOf(wiki.call('pages.restore', ann, { id }))).toBe('done');
  });

  test('of two in the bin with one address, restored at once, one gets it', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 2; n += 1) {
      const { id } = await wiki.publish('bin/twins', { by: ann });
      await wiki.call('pages.delete', ann, { id });
      ids.push(id);
    }
    const outcomes = await Promise.all(ids.map((id) => outcomeOf(wiki.call('pages.restore', ann, { id }))));
    expect(outcomes.toSorted()).toEqual(['CONFLICT SLUG_TAKEN', 'done']);
  });

  test('what never was is not found', async () => {
    expect(await outcomeOf(wiki.call('pages.delete', root, { id: randomUUID() }))).toBe(
      'NOT_FOUND PAGE_NOT_FOUND',
    );
    expect(await outcomeOf(wiki.call('pages.restore', root, { id: randomUUID() }))).toBe(
      'NOT_FOUND PAGE_NOT_FOUND',
    );
  });
});

describe('history', () => {
  test('each change is a revision, and can be read, compared and taken back', async () => {
    const { id } = await wiki.publish('history/one', { by: ann, title: 'First', body: 'one\ntwo\n' });
    await wiki.call('pages.update', bob, { id, revision: 1, title: 'Second', body: 'one\n2\n' });
    await wiki.call('pages.move', bob, { id, revision: 2, slug: 'history/moved' });
    const history = await wiki.all('pages.history', { id, limit: 2 });
    expect(history.map(({ revision, title, authorId }) => [revision, title, authorId])).toEqual([
      [3, 'Second', bob.user.id],
      [2, 'Second', bob.user.id],
      [1, 'First', ann.user.id],
    ]);
    expect(await wiki.ask('pages.revision', { id, revision: 1 })).toMatchObject({
      title: 'First',
      body: 'one\ntwo\n',
    });
    expect(await wiki.ask('pages.diff', { id, from: 1, to: 2 })).toEqual({
      added: 1,
      removed: 1,
      patch: '--- revision 1\tFirst\n+++ revision 2\tSecond\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n',
    });
    const reverted = await wiki.call('pages.revert', ann, { id, revision: 3, to: 1 });
    expect(reverted).toMatchObject({
      revision: 4,
      title: 'First',
      body: 'one\ntwo\n',
      slug: 'history/moved',
    });
  });

  test('what is not there is told apart', async () => {
    const { id } = await wiki.publish('history/gone', { by: ann });
    expect(await outcomeOf(wiki.ask('pages.revision', { id, revision: 2 }))).toBe(
      'NOT_FOUND REVISION_NOT_FOUND',
    );
    expect(await outcomeOf(wiki.ask('pages.diff', { id, from: 1, to: 2 }))).toBe(
      'NOT_FOUND REVISION_NOT_FOUND',
    );
    expect(await outcomeOf(wiki.call('pages.revert', ann, { id, revision: 1, to: 2 }))).toBe(
      'NOT_FOUND REVISION_NOT_FOUND',
    );
    expect(await outcomeOf(wiki.call('pages.revert', ann, { id, revision: 2, to: 1 }))).toBe(
      'CONFLICT EDIT_CONFLICT',
    );
    await wiki.call('pages.delete', ann, { id });
    expect(await outcomeOf(wiki.ask('pages.history', { id }))).toBe('NOT_FOUND PAGE_NOT_FOUND');
    expect(await outcomeOf(wiki.ask('pages.revision', { id, revision: 1 }))).toBe('NOT_FOUND PAGE_NOT_FOUND');
    expect(await outcomeOf(wiki.ask('pages.diff', { id, from: 1, to: 1 }))).toBe('NOT_FOUND PAGE_NOT_FOUND');
  });
});

describe('pages.list', () => {
  test('last changed first, in bites, by author; the bin apart, last deleted first', async () => {
    const cleo = user('Cleo');
    const pages = [];
    for (let n = 0; n < 5; n += 1) pages.push(await wiki.publish(`list/${n}`, { by: cleo }));
    const [first, second, third] = pages.map(({ id }) => id);
    await wiki.call('pages.update', ann, { id: String(first), revision: 1, body: 'newer' });
    await wiki.call('pages.delete', cleo, { id: String(third) });
    await wiki.call('pages.delete', cleo, { id: String(second) });
    const slugs = async (deleted: boolean) =>
      (await wiki.all('pages.list', { authorId: cleo.user.id, deleted, limit: 1 })).map(({ slug }) => slug);
    expect(await slugs(false)).toEqual(['list/0', 'list/4', 'list/3']);
    expect(await slugs(true)).toEqual(['list/1', 'list/2']);
    expect((await wiki.ask('pages.list', { limit: 2 })).items[0]).toMatchObject({ slug: 'list/0' });
    expect((await wiki.call('pages.list', ann, { deleted: true, limit: 1 })).items[0]).toMatchObject({
      slug: 'list/1',
    });
  });

  test('the bin is not for strangers', async () => {
    expect(await outcomeOf(wiki.ask('pages.list', { deleted: true }))).toBe('UNAUTHORIZED');
  });

  test('pages changed in the same millisecond are all listed once', async () => {
    const dan = user('Dan');
    const at = wiki.clock.now();
    for (let n = 0; n < 5; n += 1) await wiki.publish(`same/${n}`, { by: dan });
    await wiki.client.page.updateMany({ where: { authorId: dan.user.id }, data: { updatedAt: at } });
    const found = await wiki.all('pages.list', { authorId: dan.user.id, limit: 2 });
    expect(new Set(found.map(({ slug }) => slug)).size).toBe(5);
    expect(found).toHaveLength(5);
  });

  test.each([
    'x',
    'W10',
    'WyJhIl0',
    Buffer.from('[253402300800000,"0198c0de-0000-7000-8000-000000000000"]').toString('base64url'),
  ])('refuses the cursor %s, as does every list', async (cursor) => {
    const { id } = await wiki.publish(`cursor/${randomUUID()}`);
    const lists = [
      wiki.ask('pages.list', { cursor }),
      wiki.call('pages.list', ann, { cursor, deleted: true }),
      wiki.ask('pages.history', { cursor, id }),
      wiki.ask('comments.list', { cursor, pageId: id }),
      wiki.ask('links.backlinks', { cursor, slug: 'a' }),
      wiki.ask('links.broken', { cursor }),
      wiki.ask('links.orphans', { cursor }),
      wiki.ask('search.query', { cursor, text: 'a' }),
      wiki.ask('index.list', { cursor }),
      wiki.ask('index.get', { cursor, term: 'a' }),
    ];
    expect(new Set(await Promise.all(lists.map(outcomeOf)))).toEqual(new Set(['BAD_REQUEST']));
  });
});

describe('pages.watch', () => {
  const watchers = (pageId: string) => wiki.client.pageWatcher.count({ where: { pageId } });

  test('adds and removes a watcher, as often as it is said', async () => {
    const { id } = await wiki.publish('watch/one', { by: ann });
    expect(await watchers(id)).toBe(1);
    const said = await Promise.all(Array.from({ length: 5 }, () => wiki.call('pages.watch', bob, { id })));
    expect(said).toEqual(Array.from({ length: 5 }, () => ({ watching: true })));
    expect(await watchers(id)).toBe(2);
    expect(await wiki.call('pages.unwatch', bob, { id })).toEqual({ watching: false });
    expect(await wiki.call('pages.unwatch', bob, { id })).toEqual({ watching: false });
    expect(await watchers(id)).toBe(1);
  });

  test('needs a page', async () => {
    expect(await outcomeOf(wiki.call('pages.watch', bob, { id: randomUUID() }))).toBe(
      'NOT_FOUND PAGE_NOT_FOUND',
    );
  });

  test('ends also where the page is in the bin', async () => {
    const { id } = await wiki.publish(`binned/${randomUUID()}`, { by: ann });
    await wiki.call('pages.delete', ann, { id });
    expect(await wiki.call('pages.unwatch', ann, { id })).toEqual({ watching: false });
  });
});
