import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fromPrisma } from '../sql/prisma.ts';
import type { SqlDatabase } from '../sql/sql-database.ts';
import { once as onceEvent } from 'node:events';

import { MeshError } from '@arcadium/mesh/contract';
import { PrismaClient, type Prisma } from '@arcadium/prisma/wiki';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';

import { isDatabaseUnavailable, openDatabase, type Database, type Logger } from '../database/database.ts';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { once, type FromJson } from './once.ts';
import { failure, keyed, keyOf } from './testing/keyed.ts';

const log: Logger = { info: () => {}, warn: () => {}, error: () => {} };
const page = { slug: 'page', title: 'Page', body: '', plain: '', authorId: randomUUID() };

let testDatabase: TestDatabase;
let url: string;
/** The database as another replica uses it. */
let replica: Database<PrismaClient>;
let database: Database<PrismaClient>;
let client: PrismaClient;
let sql: SqlDatabase<Prisma.TransactionClient>;
let replicaSql: SqlDatabase<Prisma.TransactionClient>;
let pageId: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase(['wiki']);
  url = testDatabase.url('wiki');
  const open = () => openDatabase({ url, schema: 'wiki', client: PrismaClient, log });
  [database, replica] = [open(), open()];
  client = database.client;
  [sql, replicaSql] = [
    fromPrisma(client, { schema: 'wiki' }),
    fromPrisma(replica.client, { schema: 'wiki' }),
  ];
  ({ id: pageId } = await client.page.create({ data: page }));
});

afterAll(async () => {
  await Promise.all([database?.close(), replica?.close()]);
  await testDatabase?.drop();
});

beforeEach(async () => {
  await client.pageWatcher.deleteMany();
  await client.idempotencyKey.deleteMany();
});

const watchers = () => client.pageWatcher.count();
const keys = () => client.idempotencyKey.count();

/** Work that counts how often it was done. */
const watch = async (transaction: Prisma.TransactionClient) => {
  const { userId } = await transaction.pageWatcher.create({ data: { pageId, userId: randomUUID() } });
  return { userId };
};

async function asAdmin<Result>(work: (admin: Client) => Promise<Result>): Promise<Result> {
  const admin = new Client(testDatabase.adminUrl);
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

const ours = `datname = current_database() AND pid <> pg_backend_pid()`;

/** Resolves when a number of sessions wait for a lock. */
const waitingSessions = (count: number) =>
  asAdmin((admin) =>
    vi.waitFor(async () => {
      const { rows } = await admin.query(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE ${ours} AND wait_event_type = 'Lock'`,
      );
      expect(rows[0].waiting).toBe(count);
    }),
  );

/** Work that starts, and ends when told to. */
function held() {
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  return {
    begun: begun.promise,
    end: gate.resolve,
    work: async (transaction: Prisma.TransactionClient) => {
      const answer = await watch(transaction);
      begun.resolve();
      await gate.promise;
      return answer;
    },
  };
}

describe('the same key', () => {
  test('does the work once, and is answered with the first answer, by any replica', async () => {
    const call = keyed();
    const first = await once(sql, call, watch);
    expect(call.claim.take).toHaveBeenCalledOnce();
    expect(await once(sql, keyed(), watch)).toEqual(first);
    expect(await once(replicaSql, keyed(), watch)).toEqual(first);
    expect(await watchers()).toBe(1);
  });

  test('of ten at once in two replicas, one does the work and all have its answer', async () => {
    const attempts = Array.from({ length: 10 }, (_, index) =>
      once(index % 2 ? sql : replicaSql, keyed(), watch),
    );
    const answers = await Promise.all(attempts);
    expect(new Set(answers.map(({ userId }) => userId)).size).toBe(1);
    expect(await watchers()).toBe(1);
  });

  test('the second waits until the first is committed', async () => {
    const first = held();
    const firstAnswer = once(sql, keyed(), first.work);
    await first.begun;
    const second = once(replicaSql, keyed(), watch);
    await waitingSessions(1);
    first.end();
    expect(await second).toEqual(await firstAnswer);
    expect(await watchers()).toBe(1);
  });

  test('the second does the work where the first fails meanwhile', async () => {
    const first = held();
    const failed = failure(
      once(sql, keyed(), async (transaction) => {
        await first.work(transaction);
        throw new Error('changed my mind');
      }),
    );
    await first.begun;
    const second = once(replicaSql, keyed(), watch);
    await waitingSessions(1);
    first.end();
    expect(await failed).toMatchObject({ message: 'changed my mind' });
    const { userId } = await second;
    expect(await client.pageWatcher.findMany({ select: { userId: true } })).toEqual([{ userId }]);
  });

  test('a second that has waited long enough is sent away, safe to come again', async () => {
    const first = held();
    const firstAnswer = once(sql, keyed(), first.work);
    await first.begun;
    const work = vi.fn<typeof watch>(watch);
    const error = await failure(once(replicaSql, keyed(), work));
    expect(error).toBeInstanceOf(MeshError);
    expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retry: 'safe', retryAfterMs: 1000 });
    expect(work).not.toHaveBeenCalled();
    first.end();
    expect(await once(replicaSql, keyed(), work)).toEqual(await firstAnswer);
  });

  test('the same where the statement’s own limit is the shorter one', async () => {
    const first = held();
    const firstAnswer = once(sql, keyed(), first.work);
    await first.begun;
    const brief = openDatabase({ url, schema: 'wiki', client: PrismaClient, log, queryTimeoutMs: 200 });
    expect(await failure(once(fromPrisma(brief.client, { schema: 'wiki' }), keyed(), watch))).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      retry: 'safe',
    });
    await brief.close();
    first.end();
    await firstAnswer;
  });

  test('with another input is a conflict that is not to be made again', async () => {
    await once(sql, keyed(), watch);
    const error = await failure(once(sql, keyed({ fingerprint: 'other' }), watch));
    expect(error).toBeInstanceOf(MeshError);
    expect(error).toMatchObject({
      code: 'CONFLICT',
      named: { name: 'IDEMPOTENCY_KEY_REUSED', data: {} },
      retry: 'never',
    });
    expect(await watchers()).toBe(1);
  });

  test.each([{ caller: 'user:bob' }, { procedure: 'pages.unwatch' }, { key: 'K' }])(
    'with another %o is another',
    async (other) => {
      await once(sql, keyed(), watch);
      await once(sql, keyed(other), watch);
      expect(await watchers()).toBe(2);
    },
  );
});

describe('the work', () => {
  test('runs in a transaction without a key too, each time anew', async () => {
    const plain = { claim: undefined, signal: new AbortController().signal };
    await once(sql, plain, watch);
    await once(sql, plain, watch);
    expect(await watchers()).toBe(2);
    const failing = once(sql, plain, async (transaction) => {
      await watch(transaction);
      throw new Error('no');
    });
    expect(await failure(failing)).toMatchObject({ message: 'no' });
    expect(await watchers()).toBe(2);
    expect(await keys()).toBe(0);
  });

  test('that throws leaves nothing, and frees the key', async () => {
    const refusal = new MeshError('NOT_FOUND', 'not there');
    const failing = once(sql, keyed(), async (transaction) => {
      await watch(transaction);
      throw refusal;
    });
    expect(await failure(failing)).toBe(refusal);
    expect([await watchers(), await keys()]).toEqual([0, 0]);
    await once(sql, keyed({ fingerprint: 'other' }), watch);
    expect(await watchers()).toBe(1);
  });

  test('is not begun for a caller who has gone', async () => {
    const gone = new MeshError('CLIENT_CLOSED_REQUEST', 'gone');
    const work = vi.fn<typeof watch>(watch);
    expect(await failure(once(sql, keyed({}, AbortSignal.abort(gone)), work))).toBe(gone);
    expect(work).not.toHaveBeenCalled();
    expect(await keys()).toBe(0);
  });

  test('but a caller who has gone has the first answer, should he be there after all', async () => {
    const first = await once(sql, keyed(), watch);
    expect(await once(sql, keyed({}, AbortSignal.abort()), watch)).toEqual(first);
  });

  test('that ran into a deadlock may be done again', async () => {
    const other = await client.page.create({ data: { ...page, slug: 'other' } });
    const both = [pageId, other.id];
    let arrived = 0;
    const gate = Promise.withResolvers<void>();
    const lock = (order: string[]) => async (transaction: Prisma.TransactionClient) => {
      await transaction.page.update({ where: { id: order[0] as string }, data: { title: 'a' } });
      arrived += 1;
      if (arrived === 2) gate.resolve();
      await gate.promise;
      await transaction.page.update({ where: { id: order[1] as string }, data: { title: 'b' } });
    };
    const results = await Promise.allSettled([
      once(sql, keyed({ key: '1' }), lock(both)),
      once(sql, keyed({ key: '2' }), lock(both.toReversed())),
    ]);
    const rejected = results.filter((result) => result.status === 'rejected');
    expect(rejected).toMatchObject([{ reason: { code: 'SERVICE_UNAVAILABLE', retry: 'safe' } }]);
    expect(await keys()).toBe(1);
  });

  test('that took too long for a transaction may be done again', async () => {
    const hurried = {
      $queryRawUnsafe: client.$queryRawUnsafe,
      $executeRawUnsafe: client.$executeRawUnsafe,
      $transaction: <Result>(work: (transaction: Prisma.TransactionClient) => Promise<Result>) =>
        client.$transaction(work, { timeout: 50 }),
    };
    const failing = once(fromPrisma(hurried, { schema: 'wiki' }), keyed(), async (transaction) => {
      await watch(transaction);
      await transaction.$queryRaw`SELECT pg_sleep(0.2)::text`;
      return {};
    });
    expect(await failure(failing)).toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: 'The work did not finish within 16 s and was rolled back',
      retry: 'safe',
    });
    expect([await watchers(), await keys()]).toEqual([0, 0]);
  });

  test('that goes on after an error of the database is not taken for done', async () => {
    const failing = once(sql, keyed(), async (transaction) => {
      await watch(transaction);
      await transaction.$queryRaw`SELECT 1/0`.catch(() => {});
      return {};
    });
    await failure(failing);
    expect([await watchers(), await keys()]).toEqual([0, 0]);
  });
});

test('without the table, the error says which command creates it', async () => {
  const elsewhere = fromPrisma(client, { schema: 'elsewhere' });
  expect(await failure(once(elsewhere, keyed(), watch))).toMatchObject({
    message: expect.stringContaining('npx arcadium-postgres migrate --schema elsewhere'),
  });
});

describe('the answer', () => {
  test.each([
    ['any text', { b: 1, a: ['\u0000', '\ud800', '😀', 'a"b\\'], ab: null }],
    ['null', null],
    ['nothing', undefined],
    ['a text', 'text'],
    ['a number', 0],
    ['a long page of the worst signs', { body: '\u0001'.repeat(200_000) }],
  ])('comes back as it was: %s', async (_what, answer) => {
    const first = await once(sql, keyed(), async () => answer);
    const again = await once(sql, keyed(), async () => expect.unreachable());
    expect(JSON.stringify(again)).toBe(JSON.stringify(answer));
    expect(JSON.stringify(first)).toBe(JSON.stringify(answer));
  });

  test('is what JSON makes of it, the first time too', async () => {
    const answer = { at: new Date('2026-01-01'), gone: undefined, list: [{ at: new Date(0) }] };
    const first = await once(sql, keyed(), async () => answer);
    expect(first).toEqual({ at: '2026-01-01T00:00:00.000Z', list: [{ at: '1970-01-01T00:00:00.000Z' }] });
    expectTypeOf(first).toEqualTypeOf<{ at: string; gone: undefined; list: { at: string }[] }>();
    expectTypeOf<FromJson<bigint>>().toEqualTypeOf<never>();
    expectTypeOf<FromJson<unknown>>().toEqualTypeOf<unknown>();
  });

  test('too long to be kept: nothing is done', async () => {
    const failing = once(sql, keyed(), async (transaction) => {
      await watch(transaction);
      return 'x'.repeat(5_000_000);
    });
    expect(await failure(failing)).toMatchObject({ message: expect.stringContaining('too long') });
    expect([await watchers(), await keys()]).toEqual([0, 0]);
  });
});

describe('what breaks off', () => {
  test('a connection that is cut within the work: nothing is written, and the next attempt does it', async () => {
    const first = held();
    const failed = failure(
      once(sql, keyed(), async (transaction) => {
        await first.work(transaction);
        return watch(transaction);
      }),
    );
    await first.begun;
    await asAdmin((admin) =>
      admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${ours} AND state = 'idle in transaction'`,
      ),
    );
    first.end();
    expect(await failed).toSatisfy(isDatabaseUnavailable);
    expect([await watchers(), await keys()]).toEqual([0, 0]);
    await once(sql, keyed(), watch);
    expect(await watchers()).toBe(1);
  });

  /** Forks a process that does the work of a key, and kills it at a certain point. */
  async function killed(hold: 'within' | 'after'): Promise<void> {
    const options = JSON.stringify({ url, pageId, hold, ...keyOf() });
    const child = fork(new URL('testing/attempt.ts', import.meta.url), [options], { stdio: 'inherit' });
    const exited = onceEvent(child, 'exit');
    await Promise.race([onceEvent(child, 'message'), exited.then(() => expect.unreachable('it has ended'))]);
    child.kill('SIGKILL');
    await exited;
  }

  test('a process that is killed within the work: nothing is written, and the next attempt does it', async () => {
    await killed('within');
    const { userId } = await once(sql, keyed(), watch);
    expect(await client.pageWatcher.findMany({ select: { userId: true } })).toEqual([{ userId }]);
  });

  test('a process that is killed before it could answer: the next attempt has its answer', async () => {
    await killed('after');
    const work = vi.fn<typeof watch>(watch);
    expect(await once(sql, keyed(), work)).toMatchObject({ by: 'the one who was killed' });
    expect(work).not.toHaveBeenCalled();
    expect(await watchers()).toBe(1);
  });

  test('what frees a key from a process that stands still is a limit of this transaction alone', async () => {
    await once(sql, keyed(), async (transaction) => {
      const [limits] = await transaction.$queryRaw<[Record<string, string>]>`
        SELECT current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('lock_timeout') AS lock,
          current_setting('transaction_timeout') AS transaction`;
      expect(limits).toEqual({ idle: '16s', lock: '3s', transaction: '17s' });
    });
    const { rows } = await database.pool.query(
      `SELECT current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('lock_timeout') AS lock`,
    );
    // Those of the role.
    expect(rows).toEqual([{ idle: '20s', lock: '15s' }]);
  });
});
