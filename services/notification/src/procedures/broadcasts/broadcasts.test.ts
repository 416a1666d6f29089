import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { admin, openService, service, user, type TestService } from '../../testing/service.ts';

const services: TestService[] = [];
let notification: TestService;
beforeEach(async () => {
  notification = await openService();
  services.push(notification);
});
afterAll(() => Promise.all(services.map((one) => one.close())));

const boss = admin();
const message = { title: 'Disk is full', body: 'Clean up', link: '/admin' };

/** Stores broadcasts. @returns Their ids, newest first. */
async function send(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { id } = await notification.call('broadcasts.send', boss, { ...message, key: `no-${n}` });
    ids.unshift(id);
  }
  return ids;
}

test.each([['\r\n'], ['\r']])('lines of a broadcast that end with %j are stored with LF', async (end) => {
  await notification.call('broadcasts.send', boss, { ...message, key: 'ends', body: `one${end}two` });
  expect(await notification.client.broadcast.findMany()).toMatchObject([{ body: 'one\ntwo' }]);
});

test('a broadcast is one row, sent once for each key of its sender', async () => {
  const input = { ...message, key: 'k' };
  const first = await notification.call('broadcasts.send', boss, input);
  expect(first.outcome).toBe('stored');
  expect(await notification.call('broadcasts.send', boss, input)).toEqual({
    id: first.id,
    outcome: 'duplicate',
  });
  await expect(notification.call('broadcasts.send', boss, { ...input, body: 'Other' })).rejects.toMatchObject(
    {
      code: 'CONFLICT',
      named: { name: 'KEY_REUSED', data: { key: 'k' } },
    },
  );
  expect(await notification.client.broadcast.findMany()).toMatchObject([
    { ...message, id: first.id, sender: `user:${boss.user.id}` },
  ]);
});

test('administrators have keys of their own', async () => {
  const callers = [boss, admin(), boss];
  const outcomes: string[] = [];
  for (const [n, caller] of callers.entries()) {
    const title = n === 2 ? 'From 0' : `From ${n}`;
    outcomes.push(
      (await notification.call('broadcasts.send', caller, { ...message, title, key: 'k' })).outcome,
    );
  }
  expect(outcomes).toEqual(['stored', 'stored', 'duplicate']);
  const { items } = await notification.call('broadcasts.list', boss, {});
  expect(items.map(({ sender }) => sender)).toEqual(
    [callers[1], boss].map((caller) => `user:${caller?.user.id}`),
  );
});

test('no service broadcasts, nor a user; nor does a service for an administrator', async () => {
  const refused = [service('wiki'), service('auth'), user(), { ...service('auth'), user: boss.user }];
  for (const caller of refused)
    await expect(notification.call('broadcasts.send', caller, { ...message, key: 'k' })).rejects.toThrow(
      'does not admit',
    );
  expect(await notification.client.broadcast.findMany()).toEqual([]);
});

test('of equal broadcasts at once, one is stored', async () => {
  const sent = await Promise.all(
    Array.from({ length: 8 }, () =>
      notification.call('broadcasts.send', boss, { ...message, key: 'at-once' }),
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

/** The unread broadcasts of an administrator, by each procedure that tells them. */
async function unreadBy(reader: ReturnType<typeof admin>) {
  const { count } = await notification.call('broadcasts.unreadCount', reader);
  const unread = await notification.call('broadcasts.list', reader, { unreadOnly: true });
  const all = await notification.call('broadcasts.list', reader, {});
  const marked = all.items.filter(({ readAt }) => readAt === null);
  expect(marked.map(({ id }) => id)).toEqual(unread.items.map(({ id }) => id));
  expect(count).toBe(marked.length);
  return { ids: unread.items.map(({ id }) => id), all: all.items };
}

/** The database's clock, which sets the times of broadcasts. */
async function databaseNow(): Promise<Date> {
  const [{ now }] = await notification.client.$queryRaw<[{ now: Date }]>`SELECT clock_timestamp() AS now`;
  return new Date(now.getTime() + 1);
}

test('one who became an administrator later has read all from before, and can still look it up', async () => {
  const ids = await send(3);
  const since = await databaseNow();
  const reader = admin(since);
  const { ids: unread, all } = await unreadBy(reader);
  expect(unread).toEqual([]);
  expect(all.map(({ id, readAt }) => [id, readAt])).toEqual(ids.map((id) => [id, since.toISOString()]));
  expect(await notification.call('broadcasts.markRead', reader, { ids })).toEqual({ changed: 0 });
  expect((await unreadBy(boss)).ids).toEqual(ids);
});

test('what is sent from then on is unread, until it is marked, through all pages', async () => {
  await send(3);
  const reader = admin(await databaseNow());
  await delay(5);
  const later: string[] = [];
  for (const key of ['a', 'b', 'c']) {
    later.unshift((await notification.call('broadcasts.send', boss, { ...message, key })).id);
  }
  expect((await unreadBy(reader)).ids).toEqual(later);
  const seen: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const part = await notification.call('broadcasts.list', reader, { limit: 2, unreadOnly: true, cursor });
    seen.push(...part.items.map(({ id }) => id));
    cursor = part.nextCursor;
  }
  expect(seen).toEqual(later);
  expect(await notification.call('broadcasts.markRead', reader, { ids: later })).toEqual({ changed: 3 });
  expect((await unreadBy(reader)).ids).toEqual([]);
});

test('one who was an administrator all the time keeps marks and what is unread', async () => {
  const from = admin(new Date(0));
  const ids = await send(3);
  await notification.call('broadcasts.markRead', from, { ids: ids.slice(0, 1) });
  expect((await unreadBy(from)).ids).toEqual(ids.slice(1));
});
