import { SteadyClock } from '@arcadium/mesh/config';
import { PrismaClient, type Prisma } from '@arcadium/prisma/wiki';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { openDatabase, type Database } from '../database/database.ts';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { fromPrisma } from '../sql/prisma.ts';
import type { SqlDatabase } from '../sql/sql-database.ts';
import { createKeyRetention } from './key-retention.ts';

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };

let testDatabase: TestDatabase;
let database: Database<PrismaClient>;
let sql: SqlDatabase<Prisma.TransactionClient>;

beforeAll(async () => {
  testDatabase = await createTestDatabase(['wiki']);
  database = openDatabase({ url: testDatabase.url('wiki'), schema: 'wiki', client: PrismaClient, log });
  sql = fromPrisma(database.client, { schema: 'wiki' });
});
afterAll(async () => {
  await database?.close();
  await testDatabase?.drop();
});
beforeEach(async () => {
  vi.clearAllMocks();
  await database.client.idempotencyKey.deleteMany();
});

/** Stores a number of keys of the given age in minutes. */
async function store(count: number, minutesAgo: number): Promise<void> {
  await database.pool.query(
    `INSERT INTO idempotency_keys (caller, procedure, key, fingerprint, created_at)
     SELECT 'anyone', 'p', $2::int || '.' || n, '', now() - make_interval(mins => $2::int)
     FROM generate_series(1, $1::int) AS n`,
    [count, minutesAgo],
  );
}

const remaining = () => database.client.idempotencyKey.count();
const retention = (options: { everyMs?: number; batch?: number; clock?: SteadyClock } = {}) =>
  createKeyRetention({ database: sql, log, ...options });

test('forgets what is older than 24 hours, in batches, and nothing else', async () => {
  await store(25, 24 * 60 + 1);
  await store(3, 24 * 60 - 1);
  expect(await retention({ batch: 10 }).runOnce()).toBe(25);
  expect(await remaining()).toBe(3);
});

test.each([
  ['the database’s clock was set forward', 0, 24 * 60 + 60],
  ['this machine’s was', 120, 24 * 60 - 60],
])('while %s by two hours, nothing is forgotten that is younger', async (_whose, aheadMin, ageMin) => {
  let ahead = aheadMin === 0 ? -120 : 0;
  const clock = new SteadyClock({ wall: () => Date.now() + ahead * 60_000 });
  ahead += aheadMin;
  await store(3, ageMin);
  expect(await retention({ clock }).runOnce()).toBe(0);
  expect(await remaining()).toBe(3);
});

test('several at once delete each row once, and none waits for what another holds', async () => {
  await store(100, 2000);
  await store(1, 3000);
  const other = new Client(testDatabase.adminUrl);
  await other.connect();
  await other.query(`BEGIN; SELECT FROM wiki.idempotency_keys WHERE key = '3000.1' FOR UPDATE`);
  const counts = await Promise.all(Array.from({ length: 4 }, () => retention({ batch: 7 }).runOnce()));
  const left = await remaining();
  expect(left).toBeGreaterThanOrEqual(1);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(101 - left);
  await other.query('ROLLBACK');
  await other.end();
  await retention().runOnce();
  expect(await remaining()).toBe(0);
});

test('runs at the start and again and again, past a failure, until it is stopped', async () => {
  await store(1, 2000);
  const run = vi.spyOn(sql, 'execute').mockRejectedValueOnce(new Error('away'));
  const job = retention({ everyMs: 5 });
  job.start();
  await vi.waitFor(async () => expect(await remaining()).toBe(0));
  expect(log.warn).toHaveBeenCalledOnce();
  await store(1, 2000);
  await vi.waitFor(async () => expect(await remaining()).toBe(0));
  await job.stop();
  const runs = run.mock.calls.length;
  run.mockRestore();
  await store(1, 2000);
  expect(runs).toBeGreaterThanOrEqual(3);
  expect(await remaining()).toBe(1);
});
