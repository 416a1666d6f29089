import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, openService, service, type TestService, type Watch } from '../testing/service.ts';
import { openTcpGate, type TcpGate } from '../testing/tcp-gate.ts';

// Watches, when commits come out of order and connections are lost.

let notification: TestService;
let gate: TcpGate;
let userId: string;
let open: Watch[];
beforeEach(async () => {
  userId = randomUUID();
  open = [];
  notification = await openService({
    listenAt: async (url) => {
      gate = await openTcpGate(url);
      return gate.url;
    },
  });
});
afterEach(async () => {
  for (const watch of open) watch.abort();
  await notification.close();
  await gate.close();
});

async function start(): Promise<void> {
  notification.arrivals.start();
  await vi.waitUntil(() => notification.arrivals.listening, 5000);
}

async function watching(): Promise<Watch> {
  const watch = notification.watch(userId);
  open.push(watch);
  void watch.pump();
  await vi.waitUntil(() => notification.arrivals.watchers === open.length);
  return watch;
}

async function send(): Promise<string> {
  const input = { topic: 'page', title: 'Title', body: 'Body', key: randomUUID(), userId } as const;
  return (await notification.call('notifications.send', service('wiki'), input)).id ?? 'muted';
}

/** Stores a notification directly, without the lock that the service takes. */
async function insert(client: pg.Client | pg.Pool): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO notifications (id, user_id, sender, key, fingerprint, topic, title, body, created_at)
     SELECT id, $1, 'wiki', id::text, '', 'page', 'Title', 'Body', uuid_extract_timestamp(id)
     FROM (SELECT uuidv7() AS id) AS one RETURNING id`,
    [userId],
  );
  return rows[0]?.id ?? 'none';
}

/** The ids that a watch has received, once it has this many. */
async function received(watch: Watch, count: number): Promise<string[]> {
  await vi.waitUntil(() => watch.received.length >= count, 4000);
  return watch.received;
}

test('an older one that commits after a younger one arrives all the same', async () => {
  await start();
  const watch = await watching();
  const slow = await connect(notification.url);
  await slow.query('BEGIN');
  const older = await insert(slow);
  const younger = await insert(notification.pool);
  expect(older < younger).toBe(true);
  expect(await received(watch, 1)).toEqual([younger]);
  await slow.query('COMMIT');
  await slow.end();
  expect(await received(watch, 2)).toEqual([younger, older]);
});

test('the same while nobody listens: a catch-up reads back behind the last one sent', async () => {
  await start();
  const watch = await watching();
  const slow = await connect(notification.url);
  await slow.query('BEGIN');
  const older = await insert(slow);
  const younger = await insert(notification.pool);
  expect(await received(watch, 1)).toEqual([younger]);
  gate.shut();
  await vi.waitUntil(() => !notification.arrivals.listening);
  await slow.query('COMMIT');
  await slow.end();
  const youngest = await send();
  expect(watch.received).toEqual([younger]);
  gate.open();
  expect(await received(watch, 3)).toEqual([younger, older, youngest]);
});

test('what arrived before the watch began is not sent by a catch-up', async () => {
  await start();
  const early = await watching();
  const before = await send();
  expect(await received(early, 1)).toEqual([before]); // so that the next one does not receive its announcement
  const watch = await watching();
  const first = await send();
  expect(await received(watch, 1)).toEqual([first]);
  gate.shut();
  await vi.waitUntil(() => !notification.arrivals.listening);
  const missed = [await send(), await send()];
  gate.open();
  expect(await received(watch, 3)).toEqual([first, ...missed]);
});

test('a watch that begins while nobody listens gets what comes later', async () => {
  await start();
  gate.shut();
  await vi.waitUntil(() => !notification.arrivals.listening);
  const begun = vi.spyOn(notification.stores.arrivals, 'behind');
  const watch = await watching();
  await vi.waitUntil(() => begun.mock.results.length === 1);
  await begun.mock.results[0]?.value;
  const missed = await send();
  gate.open();
  expect(await received(watch, 1)).toEqual([missed]);
});

test('a listener whose backend is terminated comes back, and nothing is lost or sent twice', async () => {
  await start();
  const [one, two] = [await watching(), await watching()];
  const admin = await connect(notification.adminUrl);
  const ids: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    ids.push(await send());
    expect(await received(one, ids.length)).toEqual(ids);
    const { rowCount } = await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'arcadium listener notification.arrivals'`,
    );
    expect(rowCount).toBe(1);
    ids.push(await send(), await send());
    expect(await received(one, ids.length)).toEqual(ids);
    await vi.waitUntil(() => notification.arrivals.listening, 5000);
  }
  expect(await received(two, ids.length)).toEqual(ids);
  await admin.end();
});

test('a database that is away at the start is waited for', async () => {
  gate.shut();
  notification.arrivals.start();
  const watch = await watching();
  gate.open();
  await vi.waitUntil(() => notification.arrivals.listening, 5000);
  const id = await send();
  expect(await received(watch, 1)).toEqual([id]);
});

test('stop ends a wait for the database', async () => {
  await start();
  gate.shut();
  await vi.waitUntil(() => !notification.arrivals.listening);
  await notification.arrivals.stop();
  gate.open();
  expect(notification.arrivals.listening).toBe(false);
});
