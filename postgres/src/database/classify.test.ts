import { PrismaClient } from '@arcadium/prisma/auth';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import pg from 'pg';
import { openDatabase, type Database } from './database.ts';

const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };

let testDatabase: TestDatabase;
let database: Database<PrismaClient>;
beforeAll(async () => {
  testDatabase = await createTestDatabase(['auth']);
  database = openDatabase({ url: testDatabase.url('auth'), schema: 'auth', client: PrismaClient, log });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

test('of a query that is not valid it is said what is wrong with it, and nothing of what it was given', async () => {
  const faulty = { email: 'ada@example.org', name: 'Ada', passwordHash: '$argon2id$the-hash' };
  const error: unknown = await database.client.user
    .create({ data: { ...faulty, createdAt: new Date(Number.NaN) } })
    .catch((thrown: unknown) => thrown);
  expect(String(error)).toContain('the-hash');
  const classified = database.serving.classify(error);
  expect(classified?.code).toBe('INTERNAL_SERVER_ERROR');
  const { message, stack } = (classified as Error).cause as Error;
  expect(message).toContain('createdAt');
  expect(message).toContain('create()');
  expect(`${message}${stack}`).not.toMatch(/the-hash|ada@/i);
  expect(stack).toContain('classify.test.ts');
});

test('a text with a NUL character is bad input, whether it is looked for or stored', async () => {
  const { user } = database.client;
  const data = { email: 'nul@example.org', name: 'A\0da', passwordHash: 'x' };
  for (const query of [user.findUnique({ where: { email: 'a\0b' } }), user.create({ data })]) {
    const error: unknown = await query.then(
      () => 'done',
      (thrown: unknown) => thrown,
    );
    expect(database.serving.classify(error)?.code).toBe('BAD_REQUEST');
  }
});

test('of other errors it says nothing', () => {
  expect(database.serving.classify(new Error('something else'))).toBeUndefined();
  expect(database.serving.classify('text')).toBeUndefined();
});

const newUser = () => {
  const email = `${crypto.randomUUID()}@example.org`;
  return database.client.user.create({ data: { email, name: 'Ada', passwordHash: 'x' } });
};

/** The result of a write, as callers see it. */
const written = (write: () => PromiseLike<unknown>) =>
  write().then(
    () => 'done',
    (error: unknown) => database.serving.classify(error),
  );

async function asAdmin(...statements: string[]): Promise<void> {
  const admin = new pg.Client(testDatabase.adminUrl);
  await admin.connect();
  for (const statement of statements) await admin.query(statement);
  await admin.end();
}

/** Replaces sessions, as after a failover. */
async function makeSessions(readOnly: boolean): Promise<void> {
  const { username, pathname } = new URL(testDatabase.url('auth'));
  const name = pathname.slice(1);
  await asAdmin(
    `ALTER ROLE ${username} IN DATABASE "${name}" SET default_transaction_read_only = ${readOnly}`,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${username}' AND datname = '${name}'`,
  );
  await vi.waitFor(() => database.ping());
}

test('a database that is read-only refuses writes for now, says so once, and is back by itself', async () => {
  expect(database.serving.takesWrites()).toBe(true);
  await makeSessions(true);
  // Noticed by the health check, before anything was written.
  expect(database.serving.takesWrites()).toBe(false);
  const writes = [
    newUser,
    () => database.pool.query('DELETE FROM users'),
    () => database.client.$executeRaw`UPDATE users SET name = 'x'`,
    () => database.client.$transaction(async (tx) => tx.user.deleteMany()),
  ];
  for (const write of writes)
    expect(await written(write)).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: 'The database is read-only',
      retryAfterMs: 5000,
    });
  expect(await database.client.user.count()).toBe(0);
  const said = (level: 'info' | 'warn') =>
    log[level].mock.calls.map(([, message]) => message).filter((message) => message.includes('write'));
  await makeSessions(false);
  expect(database.serving.takesWrites()).toBe(true);
  expect(await written(newUser)).toBe('done');
  expect(said('warn')).toEqual([
    'the database is read-only: calls that write are refused; point DATABASE_URL at the primary',
  ]);
  expect(said('info')).toEqual(['the database takes writes again']);
});

test('one whose disk is full as well, until a while after the last write that failed', async () => {
  await asAdmin(
    `CREATE FUNCTION auth.full() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$`,
    'CREATE TRIGGER disk BEFORE INSERT ON auth.users EXECUTE FUNCTION auth.full()',
  );
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    expect(await written(newUser)).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: 'The database is out of disk space',
      retryAfterMs: 5000,
    });
    await database.ping();
    expect(database.serving.takesWrites()).toBe(false);
    await asAdmin('DROP TRIGGER disk ON auth.users');
    vi.advanceTimersByTime(10_000);
    expect(database.serving.takesWrites()).toBe(true);
    expect(await written(newUser)).toBe('done');
  } finally {
    vi.useRealTimers();
  }
});
