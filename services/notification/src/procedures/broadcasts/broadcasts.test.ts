import { afterAll, beforeEach, expect, test } from 'vitest';
import { admin, openService, service, type TestService } from '../../testing/service.ts';

const services: TestService[] = [];
let notification: TestService;
beforeEach(async () => {
  notification = await openService();
  services.push(notification);
});
afterAll(() => Promise.all(services.map((one) => one.close())));

const wiki = service('wiki');
const message = { title: 'Disk is full', body: 'Clean up', link: '/admin' };

/** Stores some; ids newest first. */
async function send(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { id } = await notification.call('broadcasts.send', wiki, { ...message, key: `no-${n}` });
    ids.unshift(id);
  }
  return ids;
}

test('a broadcast is one row, sent once for each key of its sender', async () => {
  const input = { ...message, key: 'k' };
  const first = await notification.call('broadcasts.send', wiki, input);
  expect(first.outcome).toBe('stored');
  expect(await notification.call('broadcasts.send', wiki, input)).toEqual({
    id: first.id,
    outcome: 'duplicate',
  });
  await expect(notification.call('broadcasts.send', wiki, { ...input, body: 'Other' })).rejects.toMatchObject(
    {
      code: 'CONFLICT',
      named: { name: 'KEY_REUSED', data: { key: 'k' } },
    },
  );
  expect(await notification.client.broadcast.findMany()).toMatchObject([
    { ...message, id: first.id, sender: 'wiki' },
  ]);
});

test('services and administrators have keys of their own', async () => {
  const [boss, other] = [admin(), admin()];
  const callers = [wiki, service('auth'), boss, other, { ...wiki, user: boss.user }];
  const outcomes: string[] = [];
  for (const [n, caller] of callers.entries()) {
    // The last acts for a user, and is the wiki all the same.
    const title = n === 4 ? 'From 0' : `From ${n}`;
    outcomes.push(
      (await notification.call('broadcasts.send', caller, { ...message, title, key: 'k' })).outcome,
    );
  }
  expect(outcomes).toEqual(['stored', 'stored', 'stored', 'stored', 'duplicate']);
  const { items } = await notification.call('broadcasts.list', boss, {});
  expect(items.map(({ sender }) => sender)).toEqual([
    `user:${other.user.id}`,
    `user:${boss.user.id}`,
    'auth',
    'wiki',
  ]);
});

test('of equal broadcasts at once, one is stored', async () => {
  const sent = await Promise.all(
    Array.from({ length: 8 }, () =>
      notification.call('broadcasts.send', wiki, { ...message, key: 'at-once' }),
    ),
  );
  expect(sent.filter(({ outcome }) => outcome === 'stored')).toHaveLength(1);
  expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
  expect(await notification.client.broadcast.count()).toBe(1);
});

test('a list shows each once, newest first', async () => {
  const ids = await send(5);
  const seen: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const part = await notification.call('broadcasts.list', admin(), { limit: 2, cursor });
    seen.push(...part.items.map(({ id }) => id));
    cursor = part.nextCursor;
  }
  expect(seen).toEqual(ids);
});

test('each administrator has marks of his own, and the first ones stay', async () => {
  const [newest, middle, oldest] = (await send(3)) as [string, string, string];
  const [reader, other] = [admin(), admin()];
  const mark = (ids: string[]) => notification.call('broadcasts.markRead', reader, { ids });
  expect(await mark([middle, middle, reader.user.id])).toEqual({ changed: 1 });
  const first = await notification.call('broadcasts.list', reader, {});
  expect(await mark([middle, oldest])).toEqual({ changed: 1 });
  const second = await notification.call('broadcasts.list', reader, {});
  expect(second.items.map(({ id, readAt }) => [id, readAt !== null])).toEqual([
    [newest, false],
    [middle, true],
    [oldest, true],
  ]);
  expect(second.items[1]?.readAt).toBe(first.items[1]?.readAt);
  const unread = await notification.call('broadcasts.list', reader, { unreadOnly: true });
  expect(unread.items.map(({ id }) => id)).toEqual([newest]);
  expect(await notification.call('broadcasts.unreadCount', reader)).toEqual({ count: 1 });
  expect(await notification.call('broadcasts.unreadCount', other)).toEqual({ count: 3 });
});
