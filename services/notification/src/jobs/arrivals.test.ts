import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, openService, service, type TestService, type Watch } from '../testing/service.ts';
import { openTcpGate, type TcpGate } from '../testing/tcp-gate.ts';

// What happens to watches when commits come out of order and connections are lost.

let notification: TestService;
let gate: TcpGate;
let userId: string;
let open: Watch[];
beforeEach(async () => {
  userId = randomUUID();
  open = [];
});
afterEach(async () => {
  for (const watch of open) watch.abort();
  await notification.close();
  await gate.close();
});

/** The service, listening through a gate. */
async function start(): Promise<void> {
  const connection: pg.ClientConfig = {};
  notification = await openService({ connection });
  gate = await openTcpGate(notification.url);
  connection.connectionString = gate.url;
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

/** Stores one past the service, with no lock, as a stranger to its rules would. */
async function insert(client: pg.Client | pg.Pool): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO notifications (id, user_id, sender, key, fingerprint, topic, title, body, created_at)
     SELECT id, $1, 'wiki', id::text, '', 'page', 'Title', 'Body', uuid_extract_timestamp(id)
     FROM (SELECT uuidv7() AS id) AS one RETURNING id`,
    [userId],
  );
  return rows[0]?.id ?? 'none';
}

const receives = (watch: Watch, ids: string[]) => vi.waitFor(() => expect(watch.received).toEqual(ids), 5000);

test('an older one that commits after a younger one arrives all the same', async () => {
  await start();
  const watch = await watching();
  const slow = await connect(notification.url);
  await slow.query('BEGIN');
  const older = await insert(slow);
  const younger = await insert(notification.pool);
  expect(older < younger).toBe(true);
  await receives(watch, [younger]);
  await slow.query('COMMIT');
  await slow.end();
  await receives(watch, [younger, older]);
});

test('the same while nobody listens: a catch-up reads back behind the last one sent', async () => {
  await start();
  const watch = await watching();
  const slow = await connect(notification.url);
  await slow.query('BEGIN');
  const older = await insert(slow);
  const younger = await insert(notification.pool);
  await receives(watch, [younger]);
  gate.shut();
  await vi.waitUntil(() => !notification.arrivals.listening);
  await slow.query('COMMIT');
  await slow.end();
  const youngest = await send();
  expect(watch.received).toEqual([younger]);
  gate.open();
  await receives(watch, [younger, older, youngest]);
});

test('what arrived before the watch began is not sent by a catch-up', async () => {
  await start();
  await send();
  const watch = await watching();
  const first = await send();
  await receives(watch, [first]);
  gate.shut();
  await vi.waitUntil(() => !notification.arrivals.listening);
  const missed = [await send(), await send()];
  gate.open();
  await receives(watch, [first, ...missed]);
});

test('a watch that begins while nobody listens gets what comes later', async () => {
  await start();
  gate.shut();
  await vi.waitUntil(() => !notification.arrivals.listening);
  const begun = vi.spyOn(notification.stores.arrivals, 'recent');
  const watch = await watching();
  await vi.waitUntil(() => begun.mock.results.length === 1);
  await begun.mock.results[0]?.value;
  const missed = await send();
  gate.open();
  await receives(watch, [missed]);
});

test('a listener whose backend is terminated comes back, and nothing is lost or sent twice', async () => {
  await start();
  const [one, two] = [await watching(), await watching()];
  const admin = await connect(notification.adminUrl);
  const ids: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    ids.push(await send());
    await receives(one, ids);
    const { rowCount } = await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'arcadium notification listener'`,
    );
    expect(rowCount).toBe(1);
    ids.push(await send(), await send());
    await receives(one, ids);
    await vi.waitUntil(() => notification.arrivals.listening, 5000);
  }
  await receives(two, ids);
  await admin.end();
});

test('a database that is away at the start is waited for', async () => {
  const connection: pg.ClientConfig = {};
  notification = await openService({ connection });
  gate = await openTcpGate(notification.url);
  connection.connectionString = gate.url;
  gate.shut();
  notification.arrivals.start();
  const watch = await watching();
  gate.open();
  await vi.waitUntil(() => notification.arrivals.listening, 5000);
  await receives(watch, [await send()]);
});

test('stop ends a wait for the database', async () => {
  await start();
  gate.shut();
  await vi.waitUntil(() => !notification.arrivals.listening);
  await notification.arrivals.stop();
  gate.open();
  expect(notification.arrivals.listening).toBe(false);
});
