import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { openService, service, type TestService, type Watch } from '../../testing/service.ts';

let notification: TestService;
beforeAll(async () => {
  notification = await openService();
  notification.arrivals.start();
  await vi.waitUntil(() => notification.arrivals.listening);
});
afterAll(() => notification.close());

let userId: string;
beforeEach(() => {
  userId = randomUUID();
});

const open: Watch[] = [];
afterEach(async () => {
  for (const watch of open.splice(0)) watch.abort();
  vi.restoreAllMocks();
  await vi.waitUntil(() => notification.arrivals.watchers === 0);
});

/** Sends a notification. @returns Its id. */
async function send(to = userId): Promise<string> {
  const input = { topic: 'page', title: 'Title', body: 'Body', key: randomUUID(), userId: to } as const;
  const { id } = await notification.call('notifications.send', service('wiki'), input);
  return id ?? 'muted';
}

async function sendSome(count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) ids.push(await send());
  return ids;
}

/** A watch that receives continuously, once it is established. */
async function watching(lastEventId?: string, watcher = userId): Promise<Watch> {
  const before = notification.arrivals.watchers;
  const watch = notification.watch(watcher, lastEventId);
  open.push(watch);
  void watch.pump();
  await vi.waitUntil(() => notification.arrivals.watchers === before + 1);
  return watch;
}

/** The ids that a watch has received, once it has this many. */
async function received(watch: Watch, count: number): Promise<string[]> {
  await vi.waitUntil(() => watch.received.length >= count, 4000);
  return watch.received;
}

test('what arrives is sent to every watcher of its user, and to no other', async () => {
  const [one, two, other] = [await watching(), await watching(), await watching(undefined, randomUUID())];
  await send(randomUUID());
  const ids = await sendSome(3);
  expect(await received(one, ids.length)).toEqual(ids);
  expect(await received(two, ids.length)).toEqual(ids);
  expect(other.received).toEqual([]);
});

test('what one statement stores for many arrives at all of them', async () => {
  const userIds = Array.from({ length: 250 }, () => randomUUID());
  const first = await watching(undefined, userIds[0]);
  const last = await watching(undefined, userIds.at(-1)?.toUpperCase());
  const message = { topic: 'page', title: 'Title', body: 'Body', key: randomUUID() } as const;
  await notification.call('notifications.sendMany', service('wiki'), { ...message, userIds });
  await vi.waitFor(() => expect([first.received.length, last.received.length]).toEqual([1, 1]), 5000);
});

test('a watch resumes after its last event, across pages, and goes on live', async () => {
  const ids = await sendSome(230);
  const watch = await watching(ids[9]);
  expect(await received(watch, ids.length - 10)).toEqual(ids.slice(10));
  ids.push(await send());
  expect(await received(watch, ids.length - 10)).toEqual(ids.slice(10));
});

test('nothing is lost or sent twice while a watch catches up and others send', async () => {
  const [first, ...rest] = await sendSome(120);
  const sending = Promise.all(Array.from({ length: 60 }, () => send()));
  const watch = await watching(first);
  const ids = [...rest, ...(await sending)].toSorted();
  await vi.waitFor(() => expect(watch.received.toSorted()).toEqual(ids), 5000);
});

test('what is sent to one user at once arrives in the order of lists and of resuming', async () => {
  const watch = await watching();
  const sent = await Promise.all(Array.from({ length: 150 }, () => send()));
  await vi.waitFor(() => expect(watch.received).toHaveLength(150), 5000);
  expect(watch.received).toEqual(sent.toSorted());
  const rows = await notification.client.notification.findMany({
    where: { userId },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
  expect(watch.received).toEqual(rows.map(({ id }) => id));
});

test('a last event that was deleted meanwhile still tells the place', async () => {
  const ids = await sendSome(4);
  await notification.client.notification.delete({ where: { id: ids[1] ?? '' } });
  expect(await received(await watching(ids[1]), 2)).toEqual(ids.slice(2));
});

test('somebody else’s last event tells a time and no more', async () => {
  const early = await send(randomUUID());
  const ids = await sendSome(2);
  expect(await received(await watching(early), ids.length)).toEqual(ids);
});

test('an id that tells no place is refused, and leaves nothing behind', async () => {
  const watch = notification.watch(userId, randomUUID());
  await expect(watch.next()).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  expect(notification.arrivals.watchers).toBe(0);
});

test('a slow watcher gets everything in order from the database', async () => {
  const slow = await openService({ mailboxLimit: 5 });
  try {
    slow.arrivals.start();
    await vi.waitUntil(() => slow.arrivals.listening);
    const catchUps = vi.spyOn(slow.stores.arrivals, 'after');
    const watch = slow.watch(userId);
    const first = watch.next();
    await vi.waitUntil(() => slow.arrivals.watchers === 1);
    const heard = vi.spyOn(slow.stores.arrivals, 'byIds');
    const ids: string[] = [];
    for (let n = 0; n < 40; n += 1) {
      const input = { topic: 'page', title: 'Title', body: 'Body', key: `${n}`, userId } as const;
      ids.push((await slow.call('notifications.send', service('wiki'), input)).id ?? 'muted');
      if (n === 0) await first;
    }
    // All have arrived, and only one was taken.
    await vi.waitUntil(() => heard.mock.calls.flat(2).includes(ids.at(-1) ?? ''));
    await heard.mock.results.at(-1)?.value;
    expect(catchUps).not.toHaveBeenCalled();
    while (watch.received.length < ids.length) await watch.next();
    expect(watch.received).toEqual(ids);
    expect(catchUps).toHaveBeenCalled();
    watch.abort();
    expect(await watch.next()).toBe(false);
  } finally {
    await slow.close();
  }
});

test('what arrives while a watch still begins is new, more than its mailbox holds included', async () => {
  const { arrivals } = notification.stores;
  const opening = Promise.withResolvers<void>();
  const clock = arrivals.clock.bind(arrivals);
  vi.spyOn(arrivals, 'clock').mockImplementationOnce(() => opening.promise.then(clock));
  const heard = vi.spyOn(arrivals, 'byIds');
  const watch = await watching();
  const ids = await sendSome(101);
  await vi.waitUntil(() => heard.mock.calls.flat(2).includes(ids.at(-1) ?? ''));
  opening.resolve();
  expect(await received(watch, 101)).toEqual(ids);
});

test('a last event is not sent again where it is announced late', async () => {
  const late = Promise.withResolvers<void>();
  const { arrivals } = notification.stores;
  const byIds = arrivals.byIds.bind(arrivals);
  const early = await watching();
  const heard = vi.spyOn(arrivals, 'byIds').mockImplementation(async (ids) => {
    await late.promise;
    return byIds(ids);
  });
  const [first, last] = (await sendSome(2)) as [string, string];
  await vi.waitUntil(() => heard.mock.calls.length > 0);
  const caughtUp = vi.spyOn(arrivals, 'after');
  const watch = await watching(last);
  await vi.waitUntil(() => caughtUp.mock.results.length > 0);
  await caughtUp.mock.results[0]?.value;
  late.resolve();
  const next = await send();
  expect(await received(early, 3)).toEqual([first, last, next]);
  expect(await received(watch, 1)).toEqual([next]);
});

test('a catch-up that fails is tried again', async () => {
  const ids = await sendSome(3);
  const read = vi.spyOn(notification.stores.arrivals, 'after').mockRejectedValueOnce(new Error('away'));
  const watch = await watching(ids[0]);
  expect(await received(watch, 2)).toEqual(ids.slice(1));
  expect(read).toHaveBeenCalledTimes(2);
});

test('an arrival that cannot be read is caught up with', async () => {
  const watch = await watching();
  vi.spyOn(notification.stores.arrivals, 'byIds').mockRejectedValueOnce(new Error('away'));
  const id = await send();
  expect(await received(watch, 1)).toEqual([id]);
});

test('a watch ends with its signal, while it waits and before it began', async () => {
  const watch = notification.watch(userId);
  const waiting = watch.next();
  await vi.waitUntil(() => notification.arrivals.watchers === 1);
  watch.abort();
  expect(await waiting).toBe(false);
  expect(notification.arrivals.watchers).toBe(0);
  const late = notification.watch(userId, await send());
  late.abort();
  expect(await late.next()).toBe(false);
  expect(notification.arrivals.watchers).toBe(0);
});

test('every watch ends when the service stops', async () => {
  const stopping = await openService();
  try {
    stopping.arrivals.start();
    const watches = [stopping.watch(userId), stopping.watch(randomUUID())];
    const ends = watches.map((watch) => watch.pump());
    await vi.waitUntil(() => stopping.arrivals.watchers === 2);
    await stopping.arrivals.stop();
    await Promise.all(ends);
    expect(stopping.arrivals.watchers).toBe(0);
    expect(await stopping.watch(userId).next()).toBe(false);
  } finally {
    await stopping.close();
  }
});
