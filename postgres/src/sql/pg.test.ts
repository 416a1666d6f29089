import { Pool, type PoolClient } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';

import { once, onceWithin } from '../idempotency/index.ts';
import { failure, keyed } from '../idempotency/testing/keyed.ts';
import { Outbox } from '../outbox/index.ts';
import { migrateTables } from '../tables/migrate-tables.ts';
import { noPgBouncer, startPgBouncer } from '../testing/testing-pgbouncer.ts';
import { fromPg } from './pg.ts';
import { openShop, type Shop } from './testing/shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop?.close());
beforeEach(() => shop.empty());

const outbox = () =>
  new Outbox({
    service: 'shop',
    database: shop.database,
    topics: { 'order.created': z.object({ id: z.string() }) },
  });

/** Work that creates an order and publishes a message about it. */
const order = async (client: PoolClient) => {
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO orders (item) VALUES ('cup') RETURNING id`,
  );
  const id = rows[0]?.id ?? '';
  await outbox().publish(client, { topic: 'order.created', payload: { id } });
  return { id };
};

test('one key has one effect and one answer, also for ten calls at once of two replicas', async () => {
  const replica = shop.open();
  const databases = [shop.database, replica.database];
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => once(databases[index % 2] ?? shop.database, keyed(), order)),
  );
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(await once(replica.database, keyed(), order)).toEqual(answers[0]);
  expect(await shop.counts()).toEqual({ orders: 1, keys: 1, messages: 1 });
  const other = once(replica.database, keyed({ fingerprint: 'other' }), order);
  expect(await failure(other)).toMatchObject({ code: 'CONFLICT', named: { name: 'IDEMPOTENCY_KEY_REUSED' } });
});

test('work that throws leaves neither row nor key nor message', async () => {
  const failing = once(shop.database, keyed(), async (client) => {
    await order(client);
    throw new Error('changed my mind');
  });
  expect(await failure(failing)).toMatchObject({ message: 'changed my mind' });
  expect(await shop.counts()).toEqual({ orders: 0, keys: 0, messages: 0 });
});

test('without a key too, work that goes on after an error of the database is not taken for done', async () => {
  const call = { claim: undefined, signal: new AbortController().signal };
  const failing = once(shop.database, call, async (client) => {
    await order(client);
    await client.query('SELECT 1/0').catch(() => {});
    return {};
  });
  expect(await failure(failing)).toMatchObject({ message: expect.stringContaining('rolled back') });
  expect(await shop.counts()).toEqual({ orders: 0, keys: 0, messages: 0 });
  await once(shop.database, call, order);
  expect(await shop.counts()).toEqual({ orders: 1, keys: 0, messages: 1 });
});

test('a session that PostgreSQL ends within the work leaves nothing, and the call may be repeated', async () => {
  const failing = once(shop.database, keyed(), async (client) => {
    await order(client);
    // What frees the key of a process that stands still, sooner than after 16 s.
    await client.query(`SET LOCAL idle_in_transaction_session_timeout = '10ms'`);
    await new Promise((resolve) => client.once('error', resolve));
    return order(client);
  });
  expect(await failure(failing)).toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
    retry: 'safe',
    cause: { code: '25P03' },
  });
  expect(await shop.counts()).toEqual({ orders: 0, keys: 0, messages: 0 });
  await once(shop.database, keyed(), order);
  expect(await shop.counts()).toEqual({ orders: 1, keys: 1, messages: 1 });
  // The connection that was lost is not in the pool any more.
  await Promise.all(Array.from({ length: 10 }, () => shop.pool.query('SELECT 1')));
});

test('a transaction that takes too long is ended by PostgreSQL, and the call may be repeated', async () => {
  const failing = once(shop.database, keyed(), async (client) => {
    await order(client);
    // The limit that `once` has set, made shorter in the same way: PostgreSQL counts from when there is one.
    await client.query('SET LOCAL transaction_timeout = 0');
    await client.query(`SELECT set_config('transaction_timeout', '50', true)`);
    await client.query('SELECT pg_sleep(10)');
    return {};
  });
  expect(await failure(failing)).toMatchObject({ code: 'SERVICE_UNAVAILABLE', cause: { code: '25P04' } });
  expect(await shop.counts()).toEqual({ orders: 0, keys: 0, messages: 0 });
});

test('a transaction of one’s own: the key is committed and rolled back with it', async () => {
  const work = vi.fn<typeof order>(order);
  const inTransaction = async (end: 'COMMIT' | 'ROLLBACK') => {
    const client = await shop.pool.connect();
    await client.query('BEGIN');
    const answer = await onceWithin(shop.database.within(client), keyed(), () => work(client));
    await client.query(end);
    client.release();
    return answer;
  };
  await inTransaction('ROLLBACK');
  expect(await shop.counts()).toEqual({ orders: 0, keys: 0, messages: 0 });
  const [first, second] = await Promise.all([inTransaction('COMMIT'), inTransaction('COMMIT')]);
  expect(second).toEqual(first);
  expect(work).toHaveBeenCalledTimes(2);
  expect(await shop.counts()).toEqual({ orders: 1, keys: 1, messages: 1 });
});

test.skipIf(noPgBouncer)('behind a pooler that lends sessions for a transaction', async () => {
  await using bouncer = await startPgBouncer([shop.adminUrl, shop.url], { default_pool_size: 2 });
  expect(await migrateTables({ url: bouncer.through(shop.adminUrl), schema: 'pooled' })).toMatchObject({
    from: 0,
  });
  const pool = new Pool({ connectionString: bouncer.through(shop.url), max: 10 });
  const database = fromPg(pool, { schema: 'mesh tables' });
  const keys = Array.from({ length: 12 }, (_, index) => `k-${index % 4}`);
  const answers = await Promise.all(keys.map((key) => once(database, keyed({ key }), order)));
  expect(new Set(answers.map(({ id }) => id)).size).toBe(4);
  expect(await shop.counts()).toEqual({ orders: 4, keys: 4, messages: 4 });
  await pool.end();
});

test('without the tables, the error says which command creates them', async () => {
  const elsewhere = fromPg(shop.pool, { schema: 'elsewhere' });
  expect(await failure(once(elsewhere, keyed(), order))).toMatchObject({
    message: expect.stringContaining('npx arcadium-postgres migrate --schema elsewhere'),
  });
  expect(() => fromPg(shop.pool, { schema: 'x'.repeat(49) })).toThrow(TypeError);
});
