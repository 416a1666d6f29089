import { randomUUID } from 'node:crypto';

import { exposition, scopes, type Scope } from '@arcadium/mesh/telemetry';
import { PrismaClient } from '@arcadium/prisma/wiki';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { openDatabase, type Database } from './database.ts';
import { hasCode } from './database-errors.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
let testDatabase: TestDatabase;
let database: Database<PrismaClient>;
/** To observe the other pool. */
let observer: Database<PrismaClient>;

const open = (poolMax?: number) => {
  const url = testDatabase.url('wiki');
  return openDatabase({ url, schema: 'wiki', client: PrismaClient, log, ...(poolMax && { poolMax }) });
};
beforeAll(async () => {
  testDatabase = await createTestDatabase(['wiki']);
  database = open();
  observer = open();
});
afterAll(async () => {
  await database.close();
  await observer.close();
  await testDatabase.drop();
});
beforeEach(async () => void (await observer.client.page.deleteMany()));

/** A call, and a function that ends it. */
function call() {
  const over = new AbortController();
  const scope: Scope = { requestId: '1', trace: undefined, deadline: Infinity, signal: over.signal };
  // Awaited inside, because Prisma's promises start when they are awaited.
  const run = <Result>(work: () => PromiseLike<Result>) => scopes.run(scope, async () => work());
  return { end: () => over.abort(), run };
}

const page = (slug: string) => {
  const now = new Date();
  return {
    id: randomUUID(),
    slug,
    title: slug,
    body: '.',
    plain: '.',
    authorId: randomUUID(),
    createdAt: now,
    updatedAt: now,
  };
};

const running = async () => {
  const { rows } = await observer.pool.query<{ query: string }>(
    `SELECT query FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'`,
  );
  return rows.map(({ query }) => query);
};
const sleeping = (count: number) =>
  vi.waitFor(async () =>
    expect((await running()).filter((query) => /pg_sleep/.test(query))).toHaveLength(count),
  );

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (hasCode(error, new Set(['57014'])) ? 'cancelled' : String(error)),
  );

describe('when a call is over', () => {
  test.each<[string, (from: Database<PrismaClient>) => Promise<unknown>]>([
    ['of the pool', ({ pool }) => pool.query('SELECT pg_sleep(60)')],
    [
      'of a connection',
      async ({ pool }) => {
        const client = await pool.connect();
        return client.query('SELECT pg_sleep(60)').finally(() => client.release());
      },
    ],
    ['of Prisma', ({ client }) => client.$queryRaw`SELECT pg_sleep(60)::text`],
    [
      'of a transaction',
      ({ client }) => client.$transaction((tx) => tx.$queryRaw`SELECT pg_sleep(60)::text`),
    ],
    [
      'of an array of statements',
      ({ client }) => client.$transaction([client.$queryRaw`SELECT pg_sleep(60)::text`]),
    ],
  ])('its statement ends in the server: one %s', async (_, sleep) => {
    const one = call();
    const outcome = codeOf(one.run(() => sleep(database)));
    await sleeping(1);
    one.end();
    expect(await outcome).toBe('cancelled');
    await sleeping(0);
  });

  test('those of others, and of jobs, go on, and nothing is left of its transaction', async () => {
    const [gone, stays] = [call(), call()];
    const write = (slug: string) => async () =>
      database.client.$transaction(async (tx) => {
        await tx.page.create({ data: page(slug) });
        await tx.$queryRaw`SELECT pg_sleep(1.5)::text`;
      });
    const outcomes = [gone.run(write('gone')), stays.run(write('stays')), write('job')()].map(codeOf);
    await sleeping(3);
    gone.end();
    expect(await Promise.all(outcomes)).toEqual(['cancelled', 'done', 'done']);
    const pages = await observer.client.page.findMany({ orderBy: { slug: 'asc' } });
    expect(pages.map(({ slug }) => slug)).toEqual(['job', 'stays']);
  });

  test('a short statement ends by itself, and its connection is kept', async () => {
    const single = open(1);
    const pid = async () =>
      (await single.pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0];
    const before = await pid();
    // The statement ends in the time that it is given, however slow this machine is.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      const one = call();
      const client = await one.run(() => single.pool.connect());
      const answer = client.query('SELECT 1 AS one');
      one.end();
      expect((await answer).rows).toEqual([{ one: 1 }]);
      expect(await codeOf(client.query('SELECT 2'))).toBe('cancelled');
      client.release();
    } finally {
      vi.useRealTimers();
    }
    expect(await pid()).toEqual(before);
    await single.close();
  });

  test('it waits for no connection, and sends nothing more', async () => {
    const single = open(1);
    const [holder, waiting] = [call(), call()];
    const held = await holder.run(() => single.pool.connect());
    const outcome = codeOf(waiting.run(() => single.client.page.count()));
    await vi.waitFor(() => expect(single.pool.waitingCount).toBe(1));
    waiting.end();
    expect(await outcome).toBe('cancelled');
    expect(await codeOf(waiting.run(() => single.client.page.count()))).toBe('cancelled');
    holder.end();
    expect(await codeOf(held.query('SELECT 1'))).toBe('cancelled');
    held.release();
    expect(await single.client.page.count()).toBe(0);
    await single.close();
  });

  test('a transaction that is at its end ends as it would have', async () => {
    const one = call();
    const client = await one.run(() => database.pool.connect());
    await client.query('BEGIN');
    await client.query(
      `INSERT INTO idempotency_keys (caller, procedure, key, fingerprint) VALUES ('a', 'b', 'c', 'd')`,
    );
    one.end();
    await client.query('COMMIT');
    client.release();
    expect(await observer.client.idempotencyKey.count()).toBe(1);
  });
});

test('a cancellation meets no statement but those of its call, on one connection that all share', async () => {
  const single = open(1);
  let cancelled = 0;
  for (let n = 0; n < 150; n += 1) {
    const one = call();
    const outcome = codeOf(
      one.run(() => single.client.$transaction((tx) => tx.$queryRaw`SELECT pg_sleep(0.002)::text`)),
    );
    setTimeout(one.end, n % 6);
    if ((await outcome) === 'cancelled') cancelled += 1;
    // Another call at once, possibly on the same connection.
    expect(await codeOf(call().run(() => single.pool.query('SELECT 1')))).toBe('done');
    expect(await codeOf(single.client.$transaction((tx) => tx.page.count()))).toBe('done');
  }
  expect(cancelled).toBeGreaterThan(0);
  await single.close();
});

describe('queries that Prisma puts together', () => {
  test('of several calls belong to none of them: one that is over ends no other', async () => {
    const { id } = await observer.client.page.create({ data: page('one') });
    const locker = await observer.pool.connect();
    await locker.query('BEGIN; LOCK TABLE pages IN ACCESS EXCLUSIVE MODE');
    const [gone, stays] = [call(), call()];
    // At the same moment, so that Prisma batches them into one statement.
    const found = [gone, stays].map((one) =>
      one.run(() => codeOf(database.client.page.findUnique({ where: { id } }))),
    );
    await vi.waitFor(async () => expect((await running()).join()).toMatch(/FROM .*pages/));
    gone.end();
    await locker.query('SELECT pg_sleep(0.3)');
    await locker.query('ROLLBACK');
    locker.release();
    expect(await found[1]).toBe('done');
  });

  test('of one call end with it', async () => {
    const locker = await observer.pool.connect();
    await locker.query('BEGIN; LOCK TABLE pages IN ACCESS EXCLUSIVE MODE');
    const one = call();
    const find = () => codeOf(database.client.page.findUnique({ where: { id: randomUUID() } }));
    const found = one.run(() => Promise.all([find(), find()]));
    await vi.waitFor(async () => expect((await running()).join()).toMatch(/FROM .*pages/));
    one.end();
    expect(await found).toEqual(['cancelled', 'cancelled']);
    await locker.query('ROLLBACK');
    locker.release();
  });

  test('of one moment but not of one call each belong to their own', async () => {
    const [gone, stays] = [call(), call()];
    const sleep = (seconds: number) => () =>
      codeOf(database.client.$transaction([database.client.$queryRaw`SELECT pg_sleep(${seconds})::text`]));
    const outcomes = [gone.run(sleep(60)), stays.run(sleep(2))];
    await sleeping(2);
    gone.end();
    expect(await Promise.all(outcomes)).toEqual(['cancelled', 'done']);
  });
});

test('the metrics show connections in use, idle and awaited, until the database is closed', async () => {
  const read = async (name: string) =>
    (await exposition()).text
      .split('\n')
      .filter((line) => line.startsWith(name))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  const numbers = async () => [
    await read('database_pool_connections{state="used"}'),
    await read('database_pool_max_connections '),
    await read('database_pool_waiting '),
  ];
  const before = await numbers();
  const small = open(2);
  const lent = await Promise.all([small.pool.connect(), small.pool.connect()]);
  const third = small.pool.connect();
  expect((await numbers()).map((value, index) => value - (before[index] ?? 0))).toEqual([2, 2, 1]);
  for (const client of lent) client.release();
  (await third).release();
  expect((await numbers()).map((value, index) => value - (before[index] ?? 0))).toEqual([0, 2, 0]);
  await small.close();
  expect(await numbers()).toEqual(before);
});
