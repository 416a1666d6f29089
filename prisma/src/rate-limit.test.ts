import { anyone, contract, query } from '@arcadium/mesh/contract';
import { serve } from '@arcadium/mesh/server';
import { createTestIdentity, recordingLogger } from '@arcadium/mesh/testing';
import { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createTestDatabase, type TestDatabase } from './testing/testing.ts';

const inn = contract('inn', {
  door: { knock: query({ summary: 'For anyone', output: z.object({}), access: anyone }) },
});
const services = ['auth', 'notification', 'wiki'];

let database: TestDatabase;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase(services);
});
afterAll(async () => {
  for (const cleanUp of cleanups.toReversed()) await cleanUp();
  await database.drop();
});

/** A replica of a service that counts in a schema, with the traffic role. */
async function startReplica(url: string, schema: string) {
  const pool = new Pool({ connectionString: url, options: `-c search_path=${schema}`, max: 4 });
  // Connecting may take longer than a call waits for the store.
  await Promise.allSettled(Array.from({ length: 4 }, () => pool.query('SELECT pg_sleep(0.05)')));
  const log = recordingLogger();
  const { authenticate } = await createTestIdentity();
  const replica = await serve(
    inn,
    { door: { knock: async () => ({}) } },
    {
      version: '1',
      log,
      port: 0,
      authenticate,
      pingDatabase: async () => {},
      rateLimit: { callsPerMinute: 10, store: 'postgres', pool },
    },
  );
  replica.ready();
  cleanups.push(
    () => pool.end(),
    () => replica.stop(),
  );
  const knock = async () => (await fetch(`${replica.url}/trpc/door.knock`)).status;
  return { log, pool, knocks: (count: number) => Promise.all(Array.from({ length: count }, knock)) };
}

const admitted = (statuses: number[]) => statuses.filter((status) => status === 200).length;

test.each(services)('replicas of %s count together in its own schema', async (service) => {
  const [one, other] = await Promise.all([
    startReplica(database.url(service), service),
    startReplica(database.url(service), service),
  ]);
  const answers = (await Promise.all([one.knocks(12), other.knocks(12)])).flat();
  expect(admitted(answers)).toBe(10);
  expect(admitted(await one.knocks(1))).toBe(0);
  expect([one, other].flatMap(({ log }) => log.lines).filter(({ message }) => /STORE/.test(message))).toEqual(
    [],
  );
});

test('a count leaves no prepared statement in a session: a connection pooler lends that to others', async () => {
  const { knocks, pool } = await startReplica(database.url('auth'), 'auth');
  await pool.query('DELETE FROM rate_limits');
  expect(admitted(await knocks(12))).toBe(10);
  const sessions = await Promise.all(Array.from({ length: 4 }, () => pool.connect()));
  const prepared = await Promise.all(
    sessions.map((one) => one.query('SELECT name FROM pg_prepared_statements')),
  );
  for (const session of sessions) session.release();
  expect(prepared.flatMap(({ rows }) => rows)).toEqual([]);
});

test('a window that began while the clock was two hours ahead refuses nobody when that is right again', async () => {
  const { knocks } = await startReplica(database.url('wiki'), 'wiki');
  const pool = new Pool({ connectionString: database.url('wiki'), options: '-c search_path=wiki' });
  cleanups.push(() => pool.end());
  await pool.query('DELETE FROM rate_limits');
  await knocks(1);
  await pool.query('UPDATE rate_limits SET points = 10, expire = $1', [Date.now() + 7_200_000]);
  expect(admitted(await knocks(1))).toBe(1);
  // From here on, calls are counted as usual.
  expect(admitted(await knocks(20))).toBe(10);
});

test('a database that is not there refuses nobody for that, and is spoken of once', async () => {
  const { log, knocks } = await startReplica('postgres://nobody@127.0.0.1:1/nothing', 'nothing');
  expect(admitted(await knocks(10))).toBe(10);
  expect(admitted(await knocks(5))).toBe(0);
  expect(log.lines.filter(({ message }) => /STORE does not answer/.test(message))).toHaveLength(1);
});
