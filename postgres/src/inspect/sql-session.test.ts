import { afterAll, beforeAll, expect, test } from 'vitest';

import { createTestDatabase, type TestDatabase } from '../testing/testing.ts';
import { SqlSession } from './sql-session.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase([]);
});
afterAll(() => database.drop());

const open = (readOnly: boolean) => SqlSession.open(database.adminUrl, { service: 'public', readOnly });

test.each([true, false])(
  'what answers nothing, or is wrong, does not end the session (readOnly: %s)',
  async (readOnly) => {
    await using session = await open(readOnly);
    expect(await session.run(';')).toMatchObject({ columns: [], rows: [] });
    expect(await session.run('-- nothing')).toMatchObject({ columns: [], rows: [] });
    expect(await session.run('COPY (SELECT 1) TO STDOUT')).toMatchObject({ command: 'COPY', count: 1 });
    expect(await session.run('SELECT 1 AS one WHERE false')).toMatchObject({
      columns: ['one'],
      rows: [],
      count: 0,
    });
    await expect(session.run('SELEKT')).rejects.toThrow('syntax error');
    await expect(session.run('SELECT 1; SELECT 2')).rejects.toThrow('cannot insert multiple commands');
    expect(await session.run('SELECT 1 AS one')).toMatchObject({ rows: [['1']], count: 1 });
  },
);

test('not even a superuser changes a table, and no setting or lock outlives a statement', async () => {
  await using session = await open(true);
  await expect(session.run('CREATE TABLE public.t (id int)')).rejects.toThrow('read-only transaction');
  await session.run('SELECT pg_advisory_lock(42)');
  await session.run(`SET search_path = pg_catalog`);
  const path = await session.run('SHOW search_path');
  expect(path.rows).toEqual([['public,extensions']]);
  const locks = `SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`;
  expect((await session.run(locks)).rows).toEqual([['0']]);
  await session.run('COMMIT');
  await expect(session.run('CREATE TABLE public.t (id int)')).rejects.toThrow('read-only transaction');
});
