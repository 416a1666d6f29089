import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWiki, outcomeOf, user, type TestWiki } from '../testing/service.ts';

let wiki: TestWiki;
beforeAll(async () => void (wiki = await openWiki()));
afterAll(() => wiki.close());

const ann = user('Ann');
const bob = user('Bob');

const messages = (slug: string) =>
  wiki.client.notificationOutbox.count({ where: { link: { startsWith: `/pages/${slug}` } } });

describe('comments.create', () => {
  test('the same key again: one comment, one message, the same answer', async () => {
    const { id: pageId } = await wiki.publish('commented', { by: ann });
    const say = (key: string) => wiki.call('comments.create', bob, { pageId, body: 'Yes.' }, key);
    const key = randomUUID();
    const first = await say(key);
    expect(await say(key)).toEqual(first);
    expect(await wiki.all('comments.list', { pageId })).toEqual([first]);
    expect(await messages('commented')).toBe(1);
    // With another key it is another comment.
    expect((await say(randomUUID())).id).not.toBe(first.id);
    expect(await messages('commented')).toBe(2);
  });

  test('many at once with one key: the same', async () => {
    const { id: pageId } = await wiki.publish('crowded', { by: ann });
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => wiki.call('comments.create', bob, { pageId, body: 'Yes.' }, key)),
    );
    expect(await wiki.all('comments.list', { pageId })).toEqual([answers[0]]);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(await messages('crowded')).toBe(1);
  });

  test('the answer is the first one, whatever became of the comment', async () => {
    const { id: pageId } = await wiki.publish('deleted');
    const key = randomUUID();
    const first = await wiki.call('comments.create', bob, { pageId, body: 'Oh.' }, key);
    await wiki.call('comments.delete', bob, { id: first.id });
    await wiki.call('pages.delete', user('root', 'admin'), { id: pageId });
    expect(await wiki.call('comments.create', bob, { pageId, body: 'Oh.' }, key)).toEqual(first);
  });

  test('a key that was used for other words is a conflict; another’s key is not the same', async () => {
    const { id: pageId } = await wiki.publish('reused');
    const key = randomUUID();
    await wiki.call('comments.create', bob, { pageId, body: 'Yes.' }, key);
    const other = { pageId, body: 'No.' };
    expect(await outcomeOf(wiki.call('comments.create', bob, other, key))).toBe(
      'CONFLICT IDEMPOTENCY_KEY_REUSED',
    );
    expect(await outcomeOf(wiki.call('comments.create', ann, other, key))).toBe('done');
  });

  test('a refusal is not kept: the same call later may succeed', async () => {
    const { id: pageId } = await wiki.publish('back', { by: ann });
    await wiki.call('pages.delete', ann, { id: pageId });
    const key = randomUUID();
    const say = () => wiki.call('comments.create', bob, { pageId, body: 'Here?' }, key);
    expect(await outcomeOf(say())).toBe('NOT_FOUND PAGE_NOT_FOUND');
    await wiki.call('pages.restore', ann, { id: pageId });
    expect(await outcomeOf(say())).toBe('done');
  });
});

describe('pages', () => {
  test('a page published again by key is the page, not a taken address', async () => {
    const key = randomUUID();
    const publish = (input: { title: string }) =>
      wiki.call('pages.create', ann, { slug: 'new', body: '# New', ...input }, key);
    const answers = await Promise.all([publish({ title: 'New' }), publish({ title: 'New' })]);
    expect(answers[1]).toEqual(answers[0]);
    expect(await publish({ title: 'New' })).toEqual(answers[0]);
    expect(await outcomeOf(publish({ title: 'Newer' }))).toBe('CONFLICT IDEMPOTENCY_KEY_REUSED');
  });

  test('a change made again by key is answered with the page as it was then, not with a conflict', async () => {
    const page = await wiki.publish('changed', { by: ann });
    await wiki.call('pages.watch', ann, { id: page.id });
    const key = randomUUID();
    const change = { id: page.id, revision: 1, body: 'Second.' };
    const first = await wiki.call('pages.update', bob, change, key);
    expect(first).toMatchObject({ revision: 2, body: 'Second.' });
    await wiki.call('pages.update', ann, { id: page.id, revision: 2, body: 'Third.' });
    expect(await wiki.call('pages.update', bob, change, key)).toEqual(first);
    expect(await outcomeOf(wiki.call('pages.update', bob, change))).toBe('CONFLICT EDIT_CONFLICT');
    expect(await wiki.ask('pages.get', { id: page.id })).toMatchObject({ revision: 3, body: 'Third.' });
    expect(await messages('changed')).toBe(1);
  });

  test('many attempts at once at one change: one revision', async () => {
    const page = await wiki.publish('hurried');
    const key = randomUUID();
    const change = { id: page.id, revision: 1, title: 'Hurried' };
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => wiki.call('pages.update', bob, change, key)),
    );
    expect(answers.map(({ revision }) => revision)).toEqual([2, 2, 2, 2, 2, 2]);
    expect(await wiki.all('pages.history', { id: page.id })).toHaveLength(2);
  });

  test('a move and a revert, made again by key, likewise', async () => {
    const page = await wiki.publish('moved');
    const [moving, reverting] = [randomUUID(), randomUUID()];
    const move = () => wiki.call('pages.move', bob, { id: page.id, revision: 1, slug: 'moved/away' }, moving);
    const moved = await move();
    await wiki.call('pages.update', bob, { id: page.id, revision: 2, body: 'New.' });
    const revert = () => wiki.call('pages.revert', bob, { id: page.id, revision: 3, to: 1 }, reverting);
    const reverted = await revert();
    expect([await move(), await revert()]).toEqual([moved, reverted]);
    expect([moved.revision, reverted.revision]).toEqual([2, 4]);
    expect(await wiki.ask('pages.get', { id: page.id })).toMatchObject({ revision: 4 });
  });

  test('a change that changes nothing is remembered too', async () => {
    const page = await wiki.publish('same');
    const key = randomUUID();
    const change = { id: page.id, revision: 1, title: 'same' };
    const first = await wiki.call('pages.update', bob, change, key);
    expect(first.revision).toBe(1);
    await wiki.call('pages.update', ann, { id: page.id, revision: 1, title: 'other' });
    expect(await wiki.call('pages.update', bob, change, key)).toEqual(first);
  });
});
