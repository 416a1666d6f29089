import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mostMarkedAtOnce } from '../../stores/notification-store.ts';
import { openService, service, user, type TestService } from '../../testing/service.ts';

let notification: TestService;
beforeAll(async () => {
  notification = await openService();
});
afterAll(() => notification.close());

const wiki = service('wiki');

/** Stores notifications for a user, one after another. @returns Their ids, oldest first. */
async function store(userId: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const input = { topic: 'page', title: `No. ${n}`, body: 'Text', key: randomUUID(), userId } as const;
    const { id } = await notification.call('notifications.send', wiki, input);
    ids.push(id ?? 'muted');
  }
  return ids;
}

/** Reads a whole list in parts. @returns The ids in order. */
async function readAll(userId: string, input: { limit: number; unreadOnly?: boolean }): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const part = await notification.call('notifications.list', user(userId), { ...input, cursor });
    expect(part.items.length).toBeLessThanOrEqual(input.limit);
    ids.push(...part.items.map(({ id }) => id));
    cursor = part.nextCursor;
  }
  return ids;
}

const unread = async (userId: string) =>
  (await notification.call('notifications.unreadCount', user(userId))).count;

test('a list shows everything of one user once, newest first, in parts of any size', async () => {
  const userId = randomUUID();
  const ids = await store(userId, 7);
  await store(randomUUID(), 2);
  for (const limit of [1, 3, 7, 100]) expect(await readAll(userId, { limit })).toEqual(ids.toReversed());
});

test('a list of some with the same time loses and repeats none', async () => {
  const userId = randomUUID();
  const ids = (await store(userId, 6)).toSorted();
  await notification.client.notification.updateMany({
    where: { userId },
    data: { createdAt: new Date(1_700_000_000_000) },
  });
  expect(await readAll(userId, { limit: 2 })).toEqual(ids.toReversed());
});

test('what arrives between two parts does not disturb the second', async () => {
  const userId = randomUUID();
  const ids = await store(userId, 4);
  const first = await notification.call('notifications.list', user(userId), { limit: 2 });
  await store(userId, 3);
  const second = await notification.call('notifications.list', user(userId), {
    limit: 2,
    cursor: first.nextCursor ?? '',
  });
  expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids.toReversed());
  expect(second.nextCursor).toBeNull();
});

test('an item is shown whole, without the sender’s key', async () => {
  const userId = randomUUID();
  const [id] = await store(userId, 1);
  const { items } = await notification.call('notifications.list', user(userId), {});
  expect(items).toEqual([
    {
      id,
      topic: 'page',
      title: 'No. 0',
      body: 'Text',
      link: null,
      sender: 'wiki',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      readAt: null,
    },
  ]);
});

test('a malformed cursor is refused', async () => {
  await expect(notification.call('notifications.list', user(), { cursor: 'nonsense' })).rejects.toMatchObject(
    {
      code: 'BAD_REQUEST',
    },
  );
});

test('marking counts what changed, touches only one’s own, and keeps the first time', async () => {
  const userId = randomUUID();
  const [one, two, three] = (await store(userId, 3)) as [string, string, string];
  const [foreign] = (await store(randomUUID(), 1)) as [string];
  const mark = (ids: string[]) => notification.call('notifications.markRead', user(userId), { ids });
  expect(await mark([one, one, foreign, randomUUID()])).toEqual({ changed: 1 });
  await notification.client.notification.update({
    where: { id: one },
    data: { readAt: new Date(1_700_000_000_000) },
  });
  expect(await mark([one, two])).toEqual({ changed: 1 });
  const rows = await notification.client.notification.findMany({
    where: { id: { in: [one, two, three, foreign] } },
  });
  const readAt = new Map(rows.map((row) => [row.id, row.readAt]));
  expect(readAt.get(one)).toEqual(new Date(1_700_000_000_000));
  expect(Math.abs((readAt.get(two)?.getTime() ?? 0) - Date.now())).toBeLessThan(5000);
  expect([readAt.get(three), readAt.get(foreign)]).toEqual([null, null]);
  expect(await unread(userId)).toBe(1);
  expect(await readAll(userId, { limit: 1, unreadOnly: true })).toEqual([three]);
});

test('marking at once by two counts each once', async () => {
  const userId = randomUUID();
  const ids = await store(userId, 20);
  const mark = () => notification.call('notifications.markRead', user(userId), { ids });
  const marked = await Promise.all([mark(), mark(), mark()]);
  expect(marked.reduce((sum, { changed }) => sum + changed, 0)).toBe(20);
});

test('marking all up to one leaves later arrivals unread', async () => {
  const userId = randomUUID();
  const ids = await store(userId, 5);
  const upTo = ids[2] ?? '';
  expect(await notification.call('notifications.markAllRead', user(userId), { upTo })).toEqual({
    changed: 3,
  });
  expect(await readAll(userId, { limit: 10, unreadOnly: true })).toEqual(ids.slice(3).toReversed());
  expect(await notification.call('notifications.markAllRead', user(userId), { upTo })).toEqual({
    changed: 0,
  });
});

test('marking all up to one divides those of the same time by id', async () => {
  const userId = randomUUID();
  const ids = (await store(userId, 4)).toSorted();
  await notification.client.notification.updateMany({
    where: { userId },
    data: { createdAt: new Date(1_700_000_000_000) },
  });
  expect(await notification.call('notifications.markAllRead', user(userId), { upTo: ids[1] ?? '' })).toEqual({
    changed: 2,
  });
  expect(await readAll(userId, { limit: 10, unreadOnly: true })).toEqual([ids[3], ids[2]]);
});

test('marking all up to somebody else’s or nothing is refused, and marks nothing', async () => {
  const userId = randomUUID();
  await store(userId, 2);
  const [foreign] = (await store(randomUUID(), 1)) as [string];
  for (const upTo of [foreign, randomUUID()]) {
    await expect(
      notification.call('notifications.markAllRead', user(userId), { upTo }),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
      named: { name: 'NOTIFICATION_NOT_FOUND', data: { id: upTo } },
    });
  }
  expect(await unread(userId)).toBe(2);
});

test('a service marks as read what it told the user about a link, and nothing else', async () => {
  const userId = randomUUID();
  const tell = async (sender: 'wiki' | 'auth', to: string, link: string) => {
    const topic = sender === 'auth' ? 'security' : 'page';
    const input = { topic, title: 'T', body: 'B', key: randomUUID(), userId: to, link } as const;
    return (await notification.call('notifications.send', service(sender), input)).id;
  };
  const link = '/pages/a#comment-1';
  const twice = [await tell('wiki', userId, link), await tell('wiki', userId, link)];
  const others = [await tell('wiki', userId, '/pages/a'), await tell('auth', userId, link)];
  const stranger = randomUUID();
  await tell('wiki', stranger, link);

  const wikiFor = (id: string) => ({ ...wiki, user: user(id).user });
  const mark = () => notification.call('notifications.markLinkRead', wikiFor(userId), { link });
  expect(await mark()).toEqual({ changed: twice.length });
  expect(await mark()).toEqual({ changed: 0 });
  expect(await readAll(userId, { limit: 10, unreadOnly: true })).toEqual(others.toReversed());
  expect(await unread(stranger)).toBe(1);
});

test('very many are marked read in parts, and all of them', async () => {
  const [userId, count] = [randomUUID(), 2 * mostMarkedAtOnce + 1];
  const [upTo = ''] = await store(userId, 1);
  await notification.client.$executeRaw`
    INSERT INTO notifications (id, user_id, sender, key, fingerprint, topic, title, body, created_at)
    SELECT gen_random_uuid(), ${userId}::uuid, 'wiki', gen_random_uuid()::text, '', 'page', 'Old', 'Text',
      now() - interval '1 day' FROM generate_series(2, ${count}::int)`;
  expect(await notification.call('notifications.markAllRead', user(userId), { upTo })).toEqual({
    changed: count,
  });
  expect(await unread(userId)).toBe(0);
}, 60_000);
