import { randomUUID } from 'node:crypto';
import { getEventListeners } from 'node:events';

import { MeshError } from '@arcadium/mesh/contract';
import { PrismaClient, type Prisma } from '@arcadium/prisma/wiki';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { openDatabase, type Database, type Logger } from '../database/database.ts';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { fromPrisma } from '../sql/prisma.ts';
import type { SqlDatabase } from '../sql/sql-database.ts';
import { once } from './once.ts';
import { failure, keyed } from './testing/keyed.ts';

const log: Logger = { info: () => {}, warn: () => {}, error: () => {} };

let testDatabase: TestDatabase;
let database: Database<PrismaClient>;
let sql: SqlDatabase<Prisma.TransactionClient>;

const open = (options: { poolMax?: number } = {}) =>
  openDatabase({ url: testDatabase.url('wiki'), schema: 'wiki', client: PrismaClient, log, ...options });

beforeAll(async () => {
  testDatabase = await createTestDatabase(['wiki']);
  database = open();
  sql = fromPrisma(database.client, { schema: 'wiki' });
});
afterAll(async () => {
  await database?.close();
  await testDatabase?.drop();
});
beforeEach(async () => {
  await database.client.idempotencyKey.deleteMany();
});

/** Work with a unique answer. */
const answer = async () => ({ id: randomUUID() });

/** Work that starts, and ends when told to. */
function held() {
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  return {
    begun: begun.promise,
    end: gate.resolve,
    work: async () => {
      begun.resolve();
      await gate.promise;
      return answer();
    },
  };
}

describe('the same key in one process', () => {
  test('takes one connection, however many wait, and all have the first answer', async () => {
    const narrow = open({ poolMax: 2 });
    const narrowSql = fromPrisma(narrow.client, { schema: 'wiki' });
    const first = held();
    const firstAnswer = once(narrowSql, keyed(), first.work);
    await first.begun;
    const work = vi.fn<typeof answer>(answer);
    const calls = Array.from({ length: 12 }, () => keyed());
    const others = calls.map((call) => once(narrowSql, call, work));
    await once(narrowSql, keyed({ key: 'another' }), answer);
    first.end();
    const answers = await Promise.all(others);
    expect(answers).toEqual(answers.map(() => ({ id: expect.any(String) })));
    expect(new Set([...answers, await firstAnswer].map(({ id }) => id)).size).toBe(1);
    expect(work).not.toHaveBeenCalled();
    for (const { claim } of calls) expect(claim.take).toHaveBeenCalledOnce();
    await narrow.close();
  });

  test('with another input waits for what comes of the first: a conflict where that is done', async () => {
    const first = held();
    const firstAnswer = once(sql, keyed(), first.work);
    await first.begun;
    const second = failure(once(sql, keyed({ fingerprint: 'other' }), answer));
    first.end();
    expect(await second).toMatchObject({ code: 'CONFLICT', named: { name: 'IDEMPOTENCY_KEY_REUSED' } });
    await firstAnswer;
  });

  test('is tried by one of those who wait when the first fails, and the rest have its answer', async () => {
    const first = held();
    const failed = failure(
      once(sql, keyed(), async () => {
        await first.work();
        throw new Error('changed my mind');
      }),
    );
    await first.begun;
    const work = vi.fn<typeof answer>(answer);
    const others = Array.from({ length: 5 }, () => once(sql, keyed({ fingerprint: 'other' }), work));
    first.end();
    expect(await failed).toMatchObject({ message: 'changed my mind' });
    const answers = await Promise.all(others);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(work).toHaveBeenCalledOnce();
  });

  test('waits for the first no longer than its caller does', async () => {
    const first = held();
    const firstAnswer = once(sql, keyed(), first.work);
    await first.begun;
    const gone = new MeshError('CLIENT_CLOSED_REQUEST', 'gone');
    const leaving = new AbortController();
    const second = failure(once(sql, keyed({}, leaving.signal), answer));
    expect(getEventListeners(leaving.signal, 'abort')).toHaveLength(1);
    leaving.abort(gone);
    expect(await second).toBe(gone);
    expect(getEventListeners(leaving.signal, 'abort')).toHaveLength(0);
    first.end();
    await firstAnswer;
  });
});

describe('who waits for several of the same key, one after the other, waits 3 s in all', () => {
  const fails = async (transaction: Prisma.TransactionClient) => {
    await transaction.$queryRaw`SELECT pg_sleep(1.7)::text`;
    throw new Error('no');
  };

  test.each([
    ['in one process', 1],
    ['in four', 4],
  ])('%s', async (_where, processes) => {
    const replicas = Array.from({ length: processes }, () => open());
    const databases = replicas.map((one) => fromPrisma(one.client, { schema: 'wiki' }));
    await Promise.all(replicas.map((one) => one.ping()));
    const begin = performance.now();
    const ended = await Promise.all(
      Array.from({ length: 4 }, async (_, index) => {
        const own = databases[index % processes] as typeof sql;
        const error = (await failure(once(own, keyed(), fails))) as Error & { code?: string };
        return { error: error.code ?? error.message, afterMs: performance.now() - begin };
      }),
    );
    const reasons = ended.map(({ error }) => error).toSorted();
    expect(reasons).toEqual(['SERVICE_UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'no', 'no']);
    const sentAway = ended.filter(({ error }) => error === 'SERVICE_UNAVAILABLE');
    for (const { afterMs } of sentAway) expect(afterMs).toBeLessThan(4500);
    expect(await database.client.idempotencyKey.count()).toBe(0);
    await Promise.all(replicas.map((one) => one.close()));
  });
});
