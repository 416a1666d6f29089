import { execFileSync } from 'node:child_process';

import { PrismaClient } from '@arcadium/prisma/auth';
import { migrationsFolder } from '@arcadium/prisma/folders';
import { Client, type PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import {
  describeDatabaseError,
  isDatabaseUnavailable,
  isUniqueViolation,
  openDatabase,
  type Database,
} from './database.ts';
import type { Logger } from '../logger.ts';
import { migrate } from '../migrate/migrate.ts';
import { provision } from '../provision/provision.ts';
import { createTestCluster, type TestCluster } from '../testing/testing-cluster.ts';

const log: Logger = { info: () => {}, warn: () => {}, error: () => {} };
const row = { email: 'Ada@example.org', name: 'Ada', passwordHash: 'x' };

let cluster: TestCluster;
let database: Database<PrismaClient>;
let url: string;

beforeAll(async () => {
  cluster = await createTestCluster();
  url = `postgres://auth:secret@127.0.0.1:${cluster.port}/arcadium`;
  await provision({ adminUrl: cluster.adminUrl, services: [{ name: 'auth', url }], log });
  await migrate({ service: 'auth', url, log, folder: migrationsFolder('auth') });
  database = openDatabase({ url, schema: 'auth', client: PrismaClient, log });
});

afterAll(async () => {
  await database?.close();
  await cluster?.[Symbol.asyncDispose]();
});

/** Resolves when a number of the role's sessions are sleeping or waiting in a query or transaction. */
async function busySessions(count: number): Promise<void> {
  await vi.waitFor(async () => {
    const client = new Client(cluster.adminUrl);
    await client.connect();
    const { rows } = await client.query(
      `SELECT count(*)::int AS busy FROM pg_stat_activity WHERE usename = 'auth'
       AND (query LIKE '%pg_sleep%' OR state = 'idle in transaction') AND state <> 'idle'`,
    );
    await client.end();
    expect(rows[0].busy).toBe(count);
  });
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  );
}

describe('openDatabase', () => {
  test('reads and writes through the search path, times in UTC whatever the server says', async () => {
    const { client, pool } = database;
    await pool.query(`ALTER ROLE auth SET timezone = 'Asia/Kolkata'`);
    const other = openDatabase({ url, schema: 'auth', client: PrismaClient, log });
    const disabledAt = new Date('2026-07-01T12:34:56.789Z');
    const created = await other.client.user.create({
      data: { ...row, email: 'time@example.org', disabledAt },
    });
    expect(created.disabledAt).toEqual(disabledAt);
    const { rows } = await other.pool.query('SELECT disabled_at FROM users WHERE id = $1', [created.id]);
    expect(rows[0].disabled_at).toEqual(disabledAt);
    expect(await client.user.count({ where: { email: 'TIME@EXAMPLE.ORG' } })).toBe(1);
    await other.close();
  });

  test('a query that takes too long is ended in the server too, and its connection is good again', async () => {
    const brief = openDatabase({
      url,
      schema: 'auth',
      client: PrismaClient,
      log,
      queryTimeoutMs: 300,
      poolMax: 1,
    });
    await expect(brief.pool.query('SELECT pg_sleep(60)')).rejects.toMatchObject({ code: '57014' });
    await busySessions(0);
    await brief.ping();
    await brief.close();
  });

  test('a ping does not wait for a connection of a pool whose connections wait for a lock', async () => {
    const small = openDatabase({ url, schema: 'auth', client: PrismaClient, log, poolMax: 2 });
    const admin = await database.pool.connect();
    await admin.query('BEGIN; LOCK users');
    const waiting = Array.from({ length: 5 }, () => small.pool.query('SELECT count(*) FROM users'));
    await vi.waitFor(() => expect(small.pool.waitingCount).toBe(3));
    await Promise.all([small.ping(), small.ping()]);
    await small.ping();
    expect(small.pool.waitingCount).toBe(3);
    await admin.query('ROLLBACK');
    admin.release();
    await Promise.all(waiting);
    await small.close();
  });

  test('close may be called twice, and the pool is shut afterwards', async () => {
    const other = openDatabase({ url, schema: 'auth', client: PrismaClient, log });
    await other.ping();
    await Promise.all([other.close(), other.close()]);
    await expect(other.pool.query('SELECT 1')).rejects.toThrow('Cannot use a pool after calling end');
  });
});

test('that the database is gone is said once, in one line, however many calls fail, and so is its return', async () => {
  const said: [level: string, fields: Record<string, unknown>, message: string][] = [];
  const note = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void said.push([level, fields, message]);
  const own: Logger = { info: note('info'), warn: note('warn'), error: note('error') };
  const other = openDatabase({ url, schema: 'auth', client: PrismaClient, log: own });
  const { client, pool, serving } = other;
  const calls = [
    () => client.user.count(),
    () => client.$queryRaw`SELECT count(*) FROM users`,
    () => client.$transaction(async (tx) => tx.user.count()),
    () => pool.query('SELECT 1'),
  ];
  const refused = async () => {
    const errors = await Promise.all([...calls, ...calls].map((call) => failure(Promise.resolve(call()))));
    for (const error of errors)
      expect(serving.classify(error)).toMatchObject({ code: 'SERVICE_UNAVAILABLE', told: true });
  };
  await Promise.all(calls.map((call) => call()));

  await cluster.kill();
  await refused();
  await vi.waitFor(() => expect(said).toHaveLength(1));
  await refused();
  await expect(serving.pingDatabase()).rejects.toThrow('ECONNREFUSED');
  await cluster.start();
  await vi.waitFor(() => expect(said).toHaveLength(2), { timeout: 5000 });
  const [gone, back] = said;
  expect(gone).toEqual([
    'warn',
    { schema: 'auth', reason: `connect ECONNREFUSED 127.0.0.1:${cluster.port}` },
    'the database does not answer: calls are refused until it does; start it, or check DATABASE_URL',
  ]);
  expect(back).toEqual(['info', { schema: 'auth' }, 'the database answers again']);

  // A session ended by an administrator does not mean that the database is down.
  await pool.query('SELECT 1');
  const admin = new Client(cluster.adminUrl);
  await admin.connect();
  await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'auth'`);
  await admin.end();
  await vi.waitFor(() => expect(said).toHaveLength(3), { timeout: 5000 });
  expect(said[2]).toEqual([
    'warn',
    { schema: 'auth', reason: 'terminating connection due to administrator command' },
    'the database answers, but connections were lost or queries failed',
  ]);
  await other.close();
});

test('describeDatabaseError says what PostgreSQL said, by Prisma, raw SQL and pg', async () => {
  const { client, pool } = database;
  const reasons = await Promise.all(
    [
      client.$queryRaw`SELECT 1 / 0`,
      client.$executeRaw`SELECT 1 / 0`,
      client.$transaction([client.$queryRaw`SELECT 1 / 0`]),
      pool.query('SELECT 1 / 0'),
    ].map(async (call) => describeDatabaseError(await failure(call))),
  );
  expect(reasons).toEqual(Array(4).fill('division by zero'));
  expect(describeDatabaseError(new Error('Unable to start a transaction\nin the given time'))).toBe(
    'Unable to start a transaction in the given time',
  );
});

describe('isUniqueViolation', () => {
  test('tells a taken email from other errors, by Prisma, raw SQL and pg', async () => {
    const { client, pool } = database;
    await client.user.create({ data: row });
    const again = { ...row, email: 'ADA@example.ORG' };
    const insert = `INSERT INTO users (id, email, name, password_hash) VALUES (gen_random_uuid(), 'ada@example.org', 'a', 'x')`;
    const attempts = [
      client.user.create({ data: again }),
      client.$executeRawUnsafe(insert),
      pool.query(insert),
    ];
    for (const error of await Promise.all(attempts.map(failure))) {
      expect(isUniqueViolation(error)).toBe(true);
      expect(isUniqueViolation(error, 'users_email_key')).toBe(true);
      expect(isUniqueViolation(error, 'users_pkey')).toBe(false);
      expect(isDatabaseUnavailable(error)).toBe(false);
    }
    expect(
      isUniqueViolation(await failure(client.user.create({ data: { ...row, email: 'x', role: 'god' } }))),
    ).toBe(false);
  });
});

describe('isDatabaseUnavailable', () => {
  test('is false for what is wrong with the question', async () => {
    const { client, pool } = database;
    const missing = '00000000-0000-7000-8000-000000000000';
    const attempts = [
      pool.query('SELECT nothing'),
      client.$queryRaw`SELECT 1/0`,
      client.user.findUniqueOrThrow({ where: { id: missing } }),
      client.user.update({ where: { id: missing }, data: { name: 'b' } }),
    ];
    for (const error of await Promise.all(attempts.map(failure)))
      expect(isDatabaseUnavailable(error)).toBe(false);
    for (const other of [undefined, null, 'ECONNREFUSED', new Error('no'), { code: 42 }]) {
      expect(isDatabaseUnavailable(other)).toBe(false);
    }
  });

  test('is true for every way to lose a killed server; after its return everything works again', async () => {
    const { client, pool } = database;
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const held = await pool.connect();
    const inFlight = [
      pool.query('SELECT pg_sleep(60)'),
      client.$queryRaw`SELECT pg_sleep(60)::text`,
      client.$transaction(async (tx) => tx.$queryRaw`SELECT pg_sleep(60)::text`),
      client.$transaction(async (tx) => tx.user.count().then(() => gate)),
      client.$transaction(async (tx) => tx.user.count().then(() => gate.then(() => tx.user.count()))),
    ].map(failure);
    await busySessions(5);
    await cluster.kill();
    open();
    const refused = [
      held.query('SELECT 1'),
      pool.query('SELECT 1'),
      pool.connect(),
      database.ping(),
      client.user.count(),
      client.$transaction(async (tx) => tx.user.count()),
      client.$transaction([client.user.count()]),
    ].map(failure);
    for (const error of await Promise.all([...inFlight, ...refused])) {
      expect(error).toSatisfy(isDatabaseUnavailable);
    }
    held.release();

    await cluster.start();
    await database.ping();
    expect(await client.$transaction(async (tx) => tx.user.count())).toEqual(expect.any(Number));
    expect(pool.waitingCount).toBe(0);
    expect(pool.totalCount).toBe(pool.idleCount);
  });

  test('is true when the server shuts down or sends one session away', async () => {
    const { client, pool } = database;
    const shutDown = [pool.query('SELECT pg_sleep(60)'), client.$queryRaw`SELECT pg_sleep(60)::text`].map(
      failure,
    );
    await busySessions(2);
    await cluster.server.stop();
    for (const error of await Promise.all(shutDown)) expect(error).toSatisfy(isDatabaseUnavailable);
    await cluster.start();

    const terminated = failure(client.$transaction(async (tx) => tx.$queryRaw`SELECT pg_sleep(60)::text`));
    await busySessions(1);
    const admin = new Client(cluster.adminUrl);
    await admin.connect();
    await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'auth'`);
    await admin.end();
    expect(await terminated).toSatisfy(isDatabaseUnavailable);
    await database.ping();
  });

  test('is true for a full pool and for a server that has no room', async () => {
    const small = openDatabase({
      url,
      schema: 'auth',
      client: PrismaClient,
      log,
      poolMax: 1,
      connectTimeoutMs: 100,
    });
    const only = await small.pool.connect();
    const attempts = [
      small.pool.query('SELECT 1'),
      small.client.user.count(),
      small.client.$transaction(async () => {}),
    ];
    for (const error of await Promise.all(attempts.map(failure))) {
      expect(error).toSatisfy(isDatabaseUnavailable);
    }
    only.release();
    await database.pool.query('SELECT 1');
    await using crowd = await crowdOut();
    expect(crowd.error).toSatisfy(isDatabaseUnavailable);
    await small.close();
  });

  test('is true, within the time limits, when the server is frozen; it recovers when thawed', async () => {
    const frozen = openDatabase({ url, schema: 'auth', client: PrismaClient, log, queryTimeoutMs: 300 });
    await frozen.ping();
    const family = [cluster.server.pid, ...childrenOf(cluster.server.pid)];
    for (const pid of family) process.kill(pid, 'SIGSTOP');
    try {
      const startedAt = performance.now();
      const errors = await Promise.all([
        failure(database.ping()),
        failure(database.ping()),
        failure(frozen.client.user.count()),
      ]);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      for (const error of errors) expect(error).toSatisfy(isDatabaseUnavailable);
    } finally {
      for (const pid of family) process.kill(pid, 'SIGCONT');
    }
    await vi.waitFor(() => database.ping());
    await vi.waitFor(() => frozen.ping());
    await frozen.close();
  });
});

function childrenOf(pid: number): number[] {
  const list = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return list
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child = 0]) => child);
}

/** Takes all connections of the role, and keeps the error of the next attempt. */
async function crowdOut(): Promise<AsyncDisposable & { error: unknown }> {
  const admin = new Client(cluster.adminUrl);
  await admin.connect();
  await admin.query('ALTER ROLE auth CONNECTION LIMIT 1');
  const late = openDatabase({ url, schema: 'auth', client: PrismaClient, log });
  const first = await late.pool.connect().catch((error: unknown) => error);
  const error = first instanceof Error ? first : await failure(late.client.user.count());
  if (!(first instanceof Error)) (first as PoolClient).release();
  return {
    error,
    [Symbol.asyncDispose]: async () => {
      await admin.query('ALTER ROLE auth CONNECTION LIMIT -1');
      await admin.end();
      await late.close();
    },
  };
}
