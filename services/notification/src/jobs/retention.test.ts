import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { connect, log, openService, type TestService } from '../testing/service.ts';
import { createRetention } from './retention.ts';

let notification: TestService;
beforeAll(async () => {
  notification = await openService();
});
afterAll(() => notification.close());
beforeEach(() => notification.client.notification.deleteMany());

/** Stores notifications that were read a number of days ago, or never. */
async function store(count: number, readDaysAgo: number | null): Promise<void> {
  await notification.pool.query(
    `INSERT INTO notifications (id, user_id, sender, key, fingerprint, topic, title, body, read_at)
     SELECT uuidv7(), $1, 'wiki', n::text, '', 'page', 'Title', 'Body', now() - make_interval(days => $3)
     FROM generate_series(1, $2::int) AS n`,
    [randomUUID(), count, readDaysAgo],
  );
}

const remaining = () => notification.client.notification.count();
const retention = (options: { keepReadDays?: number; batch?: number; everyMs?: number } = {}) =>
  createRetention({ store: notification.stores.retention, log, ...options });

test('deletes what was read more than 90 days ago, in batches, and nothing else', async () => {
  await store(25, 91);
  await store(3, 89);
  await store(2, null);
  const batches = vi.spyOn(notification.stores.retention, 'deleteRead');
  expect(await retention({ batch: 10 }).runOnce()).toBe(25);
  expect(batches).toHaveBeenCalledTimes(3);
  expect(await remaining()).toBe(5);
  batches.mockRestore();
});

test('the time to keep is configurable', async () => {
  await store(2, 8);
  await store(2, 6);
  expect(await retention({ keepReadDays: 7 }).runOnce()).toBe(2);
  expect(await remaining()).toBe(2);
});

test('while another process is at it, it leaves the work to that', async () => {
  await store(5, 100);
  const other = await connect(notification.url);
  await other.query(`SELECT pg_advisory_lock(hashtext('notification.retention'), 0)`);
  expect(await retention().runOnce()).toBe(0);
  await other.end();
  await vi.waitFor(async () => expect(await retention().runOnce()).toBe(5));
});

test('several at once delete each row once', async () => {
  await store(200, 100);
  const counts = await Promise.all(Array.from({ length: 5 }, () => retention({ batch: 7 }).runOnce()));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(200 - (await remaining()));
  await retention().runOnce();
  expect(await remaining()).toBe(0);
});

test('runs at the start and again and again, past a failure, until it is stopped', async () => {
  await store(1, 100);
  const run = vi.spyOn(notification.stores.retention, 'deleteRead').mockRejectedValueOnce(new Error('away'));
  const job = retention({ everyMs: 5 });
  job.start();
  await vi.waitFor(async () => expect(await remaining()).toBe(0));
  await store(1, 100);
  await vi.waitFor(async () => expect(await remaining()).toBe(0));
  await job.stop();
  const runs = run.mock.calls.length;
  expect(runs).toBeGreaterThanOrEqual(3);
  run.mockRestore();
});
