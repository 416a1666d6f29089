import { openDatabase, type Database } from './database.ts';
import { scopes, type Scope } from '@arcadium/mesh/telemetry';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { PrismaClient } from '@arcadium/prisma/wiki';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { nameOf } from './statement-name.ts';
import { run, Statement } from './statement.ts';
import { mostStatements, StatementTable } from './statement-table.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
let testDatabase: TestDatabase;
let database: Database<PrismaClient>;

beforeAll(async () => {
  testDatabase = await createTestDatabase(['wiki']);
  database = openDatabase({ url: testDatabase.url('wiki'), schema: 'wiki', client: PrismaClient, log });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const statement = (name: string) =>
  database.serving.reportDatabase().statements.find((one) => one.name === name);

test('statements of Prisma, of the pool, declared ones and transactions are counted, in a call or not', async () => {
  const scope: Scope = {
    requestId: '1',
    trace: undefined,
    deadline: Infinity,
    signal: new AbortController().signal,
  };
  await database.client.page.count({ where: { slug: 'a secret' } });
  await scopes.run(scope, async () => database.client.page.count());
  expect(statement('SELECT pages')).toMatchObject({ calls: 2, failures: 0 });

  await expect(database.pool.query(`SELECT 1 / 0 FROM comments_of_none`)).rejects.toThrow();
  expect(statement('SELECT comments_of_none')).toMatchObject({ calls: 1, failures: 1 });

  const one = new Statement({
    name: 'table.sleep',
    parameters: ['float8'],
    columns: { slept: 'text' },
    text: 'SELECT pg_sleep($1)::text AS slept',
  });
  for (const seconds of [0, 0.2]) await scopes.run(scope, () => run(database.client, one, [seconds]));
  const slept = statement('table.sleep');
  expect(slept).toMatchObject({ calls: 2, failures: 0 });
  expect(slept?.longest_ms).toBeGreaterThanOrEqual(199);
  expect(slept?.total_ms).toBeGreaterThanOrEqual(slept?.longest_ms ?? Infinity);
  expect(slept?.mean_ms).toBeCloseTo((slept?.total_ms ?? 0) / 2, 2);

  const { statements } = database.serving.reportDatabase();
  const totals = statements.map(({ total_ms }) => total_ms);
  expect(totals).toEqual(totals.toSorted((a, b) => b - a));

  await database.client.$transaction((tx) => tx.page.count());
  expect(statement('BEGIN')).toMatchObject({ calls: 1 });
  expect(statement('COMMIT')).toMatchObject({ calls: 1 });
  expect(JSON.stringify(statements)).not.toContain('secret');
});

test('beyond 200 names, statements are counted as others', () => {
  const table = new StatementTable();
  for (let n = 0; n < 1000; n += 1) table.add(`s${n}`, n < mostStatements - 1 ? 1 : 2, false);
  const all = table.longest(Infinity);
  expect(all).toHaveLength(mostStatements);
  expect(all[0]).toEqual({
    name: 'other',
    calls: 801,
    failures: 0,
    total_ms: 1602,
    mean_ms: 2,
    longest_ms: 2,
  });
  expect(table.longest(20)).toHaveLength(20);
});

test.each([
  ['SELECT "wiki"."pages"."id" FROM "wiki"."pages" WHERE 1 = 1', 'SELECT pages'],
  ['INSERT INTO "wiki"."comments" ("id") VALUES ($1)', 'INSERT comments'],
  ['update only pages set a = 1', 'UPDATE pages'],
  ['DELETE FROM wiki . pages', 'DELETE pages'],
  ['WITH gone AS (DELETE FROM outbox RETURNING id) SELECT id FROM gone', 'WITH outbox'],
  ['select a\nfrom b', 'SELECT b'],
  ['SELECT "FROM " FROM a', 'SELECT a'],
  ['BEGIN', 'BEGIN'],
  ['/* a */ SELECT 1', 'STATEMENT'],
  [`SELECT ${'x'.repeat(5000)} FROM late`, 'SELECT'],
  [`SELECT FROM ${'t'.repeat(5000)}`, `SELECT ${'t'.repeat(63)}`],
  [{ name: 'wiki.page', text: 'SELECT 1' }, 'wiki.page'],
  [{ text: 7 }, 'STATEMENT'],
  [null, 'STATEMENT'],
])('%j is called %s', (query, name) => {
  expect(nameOf(query)).toBe(name);
});
