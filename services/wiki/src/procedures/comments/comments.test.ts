import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openWiki, outcomeOf, user, type TestWiki } from '../../testing/service.ts';

let wiki: TestWiki;
beforeAll(async () => void (wiki = await openWiki()));
afterAll(() => wiki.close());

const ann = user('Ann');
const bob = user('Bob');
const root = user('Root', 'admin');

/** The notifications in the outbox: `topic → recipient, page`. */
async function queued(slug: string): Promise<string[]> {
  const rows = await wiki.client.notificationOutbox.findMany({
    where: { link: { startsWith: `/pages/${slug}` } },
  });
  const names = new Map([ann, bob, root].map(({ user: { id, name } }) => [id, name]));
  return rows.flatMap(({ topic, userIds }) => userIds.map((id) => `${topic} → ${names.get(id)}`)).toSorted();
}

describe('comments.create', () => {
  test('stores a comment, or an answer to one', async () => {
    const { id: pageId } = await wiki.publish('create');
    const comment = await wiki.call('comments.create', ann, { pageId, body: 'First!' });
    expect(comment).toMatchObject({
      pageId,
      body: 'First!',
      authorId: ann.user.id,
      parentId: null,
      resolvedAt: null,
      deletedAt: null,
    });
    const answer = await wiki.call('comments.create', bob, { pageId, body: 'No.', parentId: comment.id });
    expect(answer.parentId).toBe(comment.id);
    expect(await wiki.all('comments.list', { pageId })).toEqual([comment, answer]);
  });

  test('the page and what is answered must be there, and belong together', async () => {
    const { id: pageId } = await wiki.publish('create/here', { by: ann });
    const { id: otherId } = await wiki.publish('create/there');
    const other = await wiki.call('comments.create', ann, { pageId: otherId, body: 'there' });
    const comment = (input: { pageId: string; parentId?: string }) =>
      outcomeOf(wiki.call('comments.create', ann, { body: 'x', ...input }));
    expect(await comment({ pageId: randomUUID() })).toBe('NOT_FOUND PAGE_NOT_FOUND');
    expect(await comment({ pageId, parentId: other.id })).toBe(
      'UNPROCESSABLE_CONTENT PARENT_COMMENT_NOT_FOUND',
    );
    expect(await comment({ pageId, parentId: randomUUID() })).toBe(
      'UNPROCESSABLE_CONTENT PARENT_COMMENT_NOT_FOUND',
    );
    await wiki.call('comments.delete', ann, { id: other.id });
    expect(await comment({ pageId: otherId, parentId: other.id })).toBe(
      'UNPROCESSABLE_CONTENT PARENT_COMMENT_NOT_FOUND',
    );
    await wiki.call('pages.delete', ann, { id: pageId });
    expect(await comment({ pageId })).toBe('NOT_FOUND PAGE_NOT_FOUND');
    expect(await outcomeOf(wiki.ask('comments.list', { pageId }))).toBe('NOT_FOUND PAGE_NOT_FOUND');
  });
});

describe('who is told', () => {
  test('of a comment: those who watch the page, its author among them, but never who wrote it', async () => {
    const { id: pageId } = await wiki.publish('told/comment', { by: ann });
    await wiki.call('pages.watch', bob, { id: pageId });
    await wiki.call('comments.create', bob, { pageId, body: 'x' });
    expect(await queued('told/comment')).toEqual(['comment → Ann']);
    await wiki.call('comments.create', root, { pageId, body: 'x' });
    expect(await queued('told/comment')).toEqual(['comment → Ann', 'comment → Ann', 'comment → Bob']);
  });

  test('of an answer: whom it answers, once, even if he watches the page or does not', async () => {
    const { id: pageId } = await wiki.publish('told/answer', { by: ann });
    const { id: parentId } = await wiki.call('comments.create', bob, { pageId, body: 'x' });
    await wiki.client.notificationOutbox.deleteMany();
    await wiki.call('comments.create', root, { pageId, body: 'x', parentId });
    expect(await queued('told/answer')).toEqual(['comment → Ann', 'reply → Bob']);
    await wiki.client.notificationOutbox.deleteMany();
    await wiki.call('pages.watch', bob, { id: pageId });
    await wiki.call('comments.create', ann, { pageId, body: 'x', parentId });
    expect(await queued('told/answer')).toEqual(['reply → Bob']);
    await wiki.client.notificationOutbox.deleteMany();
    await wiki.call('comments.create', bob, { pageId, body: 'to myself', parentId });
    expect(await queued('told/answer')).toEqual(['comment → Ann']);
  });

  test('nobody who asked to be told no more', async () => {
    const { id: pageId } = await wiki.publish('told/nobody', { by: ann });
    await wiki.call('pages.unwatch', ann, { id: pageId });
    await wiki.call('comments.create', bob, { pageId, body: 'x' });
    expect(await queued('told/nobody')).toEqual([]);
  });

  test('of each change of the page: those who watch it, but who made it', async () => {
    const { id } = await wiki.publish('told/page', { by: ann });
    await wiki.call('pages.watch', bob, { id });
    await wiki.call('pages.update', ann, { id, revision: 1, body: 'new' });
    await wiki.call('pages.move', ann, { id, revision: 2, slug: 'told/page/moved' });
    await wiki.call('pages.revert', ann, { id, revision: 3, to: 1 });
    await wiki.call('pages.delete', ann, { id });
    await wiki.call('pages.delete', ann, { id });
    await wiki.call('pages.restore', ann, { id });
    await wiki.call('pages.restore', ann, { id });
    const rows = await wiki.client.notificationOutbox.findMany({
      where: { userIds: { has: bob.user.id }, topic: 'page' },
      orderBy: { id: 'asc' },
    });
    expect(rows.map(({ title }) => title)).toEqual([
      'Ann changed “told/page”',
      'Ann moved “told/page”',
      'Ann reverted changes of “told/page”',
      'Ann deleted “told/page”',
      'Ann restored “told/page”',
    ]);
    expect(rows.flatMap(({ userIds }) => userIds)).toEqual(Array(5).fill(bob.user.id));
  });

  test('a page that thousands watch takes several messages of 500 each', async () => {
    const { id: pageId } = await wiki.publish('told/many', { by: ann });
    await wiki.client.pageWatcher.createMany({
      data: Array.from({ length: 1200 }, () => ({ pageId, userId: randomUUID() })),
    });
    await wiki.call('comments.create', ann, { pageId, body: 'x' });
    const rows = await wiki.client.notificationOutbox.findMany({
      where: { link: { startsWith: '/pages/told/many' } },
    });
    expect(rows.map(({ userIds }) => userIds.length).toSorted((a, b) => a - b)).toEqual([200, 500, 500]);
    expect(new Set(rows.flatMap(({ userIds }) => userIds)).size).toBe(1200);
  });

  test('nobody of a change that lost against another', async () => {
    const { id } = await wiki.publish('told/once', { by: ann });
    await Promise.allSettled(
      Array.from({ length: 5 }, (_, n) =>
        wiki.call('pages.update', bob, { id, revision: 1, body: `by ${n}` }),
      ),
    );
    expect(await queued('told/once')).toEqual(['page → Ann']);
  });
});

describe('line endings of a comment', () => {
  test.each([
    ['crlf', '\r\n'],
    ['cr', '\r'],
    ['lf', '\n'],
  ])('%s is stored as LF, and is no change', async (name, end) => {
    const { id: pageId } = await wiki.publish(`ends/${name}`, { by: bob });
    const body = ['one', 'two'].join(end);
    const comment = await wiki.call('comments.create', ann, { pageId, body });
    expect(comment.body).toBe('one\ntwo');
    expect(await wiki.call('comments.update', ann, { id: comment.id, body })).toEqual(comment);
    const notice = await wiki.client.notificationOutbox.findFirst({
      where: { link: { contains: comment.id } },
    });
    expect(notice?.body).toBe('one\ntwo');
    // A comment as an earlier version of the service stored it.
    await wiki.pool.query('UPDATE comments SET body = $2 WHERE id = $1', [comment.id, 'one\r\ntwo']);
    const updated = await wiki.call('comments.update', ann, { id: comment.id, body });
    expect(updated.updatedAt).toBe(comment.updatedAt);
  });
});

describe('comments.update, comments.resolve and comments.delete', () => {
  test('only its author changes a comment', async () => {
    const { id: pageId } = await wiki.publish('update');
    const comment = await wiki.call('comments.create', ann, { pageId, body: 'old' });
    expect(await outcomeOf(wiki.call('comments.update', bob, { id: comment.id, body: 'x' }))).toBe(
      'FORBIDDEN',
    );
    expect(await outcomeOf(wiki.call('comments.update', root, { id: comment.id, body: 'x' }))).toBe(
      'FORBIDDEN',
    );
    const changed = await wiki.call('comments.update', ann, { id: comment.id, body: 'new' });
    expect(changed).toMatchObject({ body: 'new', createdAt: comment.createdAt });
    expect(changed.updatedAt > comment.updatedAt).toBe(true);
    expect(await wiki.call('comments.update', ann, { id: comment.id, body: 'new' })).toEqual(changed);
  });

  test('anybody resolves a comment or takes that back; said again, it keeps the first time', async () => {
    const { id: pageId } = await wiki.publish('resolve');
    const { id } = await wiki.call('comments.create', ann, { pageId, body: 'x' });
    const resolved = await wiki.call('comments.resolve', bob, { id });
    expect(resolved.resolvedAt).not.toBeNull();
    expect(await wiki.call('comments.resolve', ann, { id, resolved: true })).toEqual(resolved);
    expect(await wiki.call('comments.resolve', ann, { id, resolved: false })).toMatchObject({
      resolvedAt: null,
    });
  });

  test('its author or an administrator deletes a comment: the words go, and again changes nothing', async () => {
    const { id: pageId } = await wiki.publish('delete');
    const { id } = await wiki.call('comments.create', ann, { pageId, body: 'secret' });
    expect(await outcomeOf(wiki.call('comments.delete', bob, { id }))).toBe('FORBIDDEN');
    const deleted = await wiki.call('comments.delete', ann, { id });
    expect(deleted).toMatchObject({ id, body: '', deletedAt: expect.any(String) });
    expect(await wiki.call('comments.delete', root, { id })).toEqual(deleted);
    expect(await wiki.client.comment.count({ where: { body: 'secret' } })).toBe(0);
    expect(await outcomeOf(wiki.call('comments.update', ann, { id, body: 'x' }))).toBe(
      'NOT_FOUND COMMENT_NOT_FOUND',
    );
    expect(await outcomeOf(wiki.call('comments.resolve', ann, { id }))).toBe('NOT_FOUND COMMENT_NOT_FOUND');
  });

  test('what never was, or is on a page in the bin, is not found', async () => {
    const { id: pageId } = await wiki.publish('gone', { by: ann });
    const { id } = await wiki.call('comments.create', ann, { pageId, body: 'x' });
    await wiki.call('pages.delete', ann, { id: pageId });
    for (const gone of [id, randomUUID()]) {
      expect(await outcomeOf(wiki.call('comments.update', ann, { id: gone, body: 'y' }))).toBe(
        'NOT_FOUND COMMENT_NOT_FOUND',
      );
      expect(await outcomeOf(wiki.call('comments.delete', ann, { id: gone }))).toBe(
        'NOT_FOUND COMMENT_NOT_FOUND',
      );
      expect(await outcomeOf(wiki.call('comments.resolve', ann, { id: gone }))).toBe(
        'NOT_FOUND COMMENT_NOT_FOUND',
      );
    }
  });
});

describe('what a user was told about a comment is marked as read', () => {
  test('when they answer it, and when they resolve it', async () => {
    const { id: pageId } = await wiki.publish('noticed');
    const comment = await wiki.call('comments.create', ann, { pageId, body: 'A question' });
    const link = `/pages/noticed#comment-${comment.id}`;
    const marked = () => wiki.markedRead.filter((one) => one.startsWith('/pages/noticed'));
    await wiki.call('comments.create', bob, { pageId, body: 'An answer', parentId: comment.id });
    await vi.waitFor(() => expect(marked()).toEqual([link]));
    await wiki.call('comments.resolve', bob, { id: comment.id });
    await vi.waitFor(() => expect(marked()).toEqual([link, link]));
  });

  test('marks what was told before the page moved, too', async () => {
    const { id: pageId } = await wiki.publish('told/here', { by: ann });
    const comment = await wiki.call('comments.create', bob, { pageId, body: 'A question' });
    await wiki.call('pages.move', ann, { id: pageId, revision: 1, slug: 'told/there' });
    await wiki.call('comments.resolve', ann, { id: comment.id });
    const marked = () => wiki.markedRead.filter((one) => one.endsWith(comment.id)).toSorted();
    const links = ['here', 'there'].map((part) => `/pages/told/${part}#comment-${comment.id}`);
    await vi.waitFor(() => expect(marked()).toEqual(links));
  });
});

describe('comments.list', () => {
  test('oldest first, in bites, also within one millisecond', async () => {
    const { id: pageId } = await wiki.publish('list');
    for (let n = 0; n < 5; n += 1) await wiki.call('comments.create', ann, { pageId, body: `${n}` });
    expect((await wiki.all('comments.list', { pageId, limit: 2 })).map(({ body }) => body)).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
    ]);
    await wiki.client.comment.updateMany({ where: { pageId }, data: { createdAt: wiki.clock.now() } });
    expect(
      new Set((await wiki.all('comments.list', { pageId, limit: 2 })).map(({ body }) => body)).size,
    ).toBe(5);
  });

  test('a deleted comment stays, empty, as long as somebody’s words stand below it', async () => {
    const { id: pageId } = await wiki.publish('list/deleted');
    const write = (body: string, parentId: string | null) =>
      wiki.call('comments.create', ann, { pageId, body, parentId });
    const top = await write('top', null);
    const middle = await write('middle', top.id);
    const leaf = await write('leaf', middle.id);
    const alone = await write('alone', null);
    const listed = async () =>
      (await wiki.all('comments.list', { pageId, limit: 1 })).map(({ id, body }) => [id, body]);
    for (const { id } of [top, middle, alone]) await wiki.call('comments.delete', ann, { id });
    expect(await listed()).toEqual([
      [top.id, ''],
      [middle.id, ''],
      [leaf.id, 'leaf'],
    ]);
    await wiki.call('comments.delete', ann, { id: leaf.id });
    expect(await listed()).toEqual([]);
  });

  test('a long chain of deleted answers is listed within the time of a call', async () => {
    const { id: pageId } = await wiki.publish('list/chain');
    const ids = Array.from({ length: 2000 }, () => randomUUID());
    const start = wiki.clock.now();
    await wiki.client.comment.createMany({
      data: ids.map((id, n) => ({
        id,
        pageId,
        parentId: ids[n - 1] ?? null,
        authorId: ann.user.id,
        body: '',
        createdAt: new Date(start.getTime() + n),
        deletedAt: start,
      })),
    });
    expect((await wiki.ask('comments.list', { pageId })).items).toEqual([]);
    await wiki.client.comment.update({
      where: { id: ids[1] ?? '' },
      data: { deletedAt: null, body: 'Here.' },
    });
    expect((await wiki.ask('comments.list', { pageId })).items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  });
});
