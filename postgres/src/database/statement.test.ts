import { scopes, type Scope } from '@arcadium/mesh/telemetry';
import { PrismaClient } from '@arcadium/prisma/wiki';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { problemsOf } from '../testing/testing.ts';
import { withClient } from '../provision/with-client.ts';
import { openDatabase } from './database.ts';
import { hasCode } from './database-errors.ts';
import { run, runnerOf, Statement, statementsOf } from './statement.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
let testDatabase: TestDatabase;
const owner = (sql: string) =>
  withClient(testDatabase.ownerUrl('wiki'), undefined, (client) => client.query(sql));

/** On one connection, so that all statements are of one session. */
const open = (settings: { pooled?: boolean } = {}) => {
  const url = testDatabase.url('wiki');
  const database = openDatabase({
    url,
    schema: 'wiki',
    client: PrismaClient,
    log,
    poolMax: 1,
    ...settings,
  });
  cleanups.push(() => database.close());
  return database;
};
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0)) await cleanUp();
});
beforeAll(async () => {
  testDatabase = await createTestDatabase(['wiki']);
  await owner(`SET search_path = wiki; CREATE TABLE things (id int PRIMARY KEY, name text NOT NULL, made timestamptz);
    GRANT SELECT ON things TO PUBLIC; INSERT INTO things VALUES (1, 'one', NULL), (2, 'two', '2026-01-01T00:00:00Z')`);
});
afterAll(() => testDatabase.drop());

const thing = new Statement({
  name: 'test.thing',
  parameters: ['int4'],
  columns: { id: 'int4', name: 'text', made: 'timestamptz?' },
  text: 'SELECT id, name, made FROM things WHERE id = $1',
});

test('answers rows of the types that it names', async () => {
  const { client } = open();
  expect(await run(client, thing, [1])).toEqual([{ id: 1, name: 'one', made: null }]);
  expect(await run(client, thing, [2])).toEqual([
    { id: 2, name: 'two', made: new Date('2026-01-01T00:00:00Z') },
  ]);
  expect(await run(client, thing, [3])).toEqual([]);
  expect(await problemsOf(client, thing)).toEqual([]);
});

test('takes and answers values of every type', async () => {
  const { client } = open();
  const every = new Statement({
    name: 'test.every',
    parameters: ['bool', 'bytea', 'float8', 'timestamptz', 'text[]', 'uuid?'],
    columns: { yes: 'bool', bytes: 'bytea', half: 'float8', at: 'timestamptz', texts: 'text', id: 'uuid?' },
    text: `SELECT $1::bool AS yes, $2::bytea AS bytes, $3::float8 AS half, $4::timestamptz AS at,
      array_to_json($5::text[])::text AS texts, $6::uuid AS id`,
  });
  const at = new Date('2026-01-31T12:00:00.080Z');
  const texts = [
    'plain',
    '',
    'NULL',
    `"quoted" and 'quoted'`,
    String.raw`back\slash`,
    'two\nlines',
    '{a,b}',
    'ö',
  ];
  const bytes = Buffer.from([0, 92, 255]);
  const [row] = await run(client, every, [true, bytes, 0.5, at, texts, null]);
  expect(row).toEqual({ yes: true, bytes, half: 0.5, at, texts: expect.any(String), id: null });
  expect(JSON.parse(row?.texts ?? '')).toEqual(texts);
  expect(await problemsOf(client, every)).toEqual([]);
});

test.each([
  ['2026-01-31 12:00:00.08+00', '2026-01-31T12:00:00.080Z'],
  ['2026-01-31 12:00:00+00', '2026-01-31T12:00:00.000Z'],
  ['2026-01-31 12:00:00.123987+00', '2026-01-31T12:00:00.123Z'],
  ['0001-01-01 00:00:00+00', '0001-01-01T00:00:00.000Z'],
  ['12026-01-31 12:00:00.5+00', '+012026-01-31T12:00:00.500Z'],
  ['0044-03-15 12:00:00+00 BC', '-000043-03-15T12:00:00.000Z'],
])('answers a time as a Date has it: %s', async (stored, iso) => {
  const { client } = open();
  const times = new Statement({
    name: 'test.times',
    parameters: ['text'],
    columns: { date: 'timestamptz', iso: 'timestamptz iso' },
    text: 'SELECT $1::timestamptz AS date, $1::timestamptz AS iso',
  });
  const inThatZone = `SELECT set_config('timezone', 'Asia/Kolkata', false)`;
  expect(await run(client, times, [stored])).toEqual([{ date: new Date(iso), iso }]);
  await runnerOf(client).pool.query(inThatZone);
  expect(await run(client, times, [stored])).toEqual([{ date: new Date(iso), iso }]);
});

test('a row of other columns fails, and the session goes on', async () => {
  const { client } = open();
  const { text, parameters } = thing;
  const short = new Statement({ name: 'test.short', text, parameters, columns: { id: 'int4' } });
  await expect(run(client, short, [1])).rejects.toThrow('a row has 3 columns instead of id');
  expect(await run(client, thing, [1])).toHaveLength(1);
});

const { text, parameters, columns } = thing;
test.each<[string, Partial<Pick<Statement, 'parameters' | 'columns' | 'text'>>, RegExp]>([
  ['a parameter of another type', { parameters: ['text'] }, /parameters .* text, but are int4/],
  ['a column of another type', { columns: { ...columns, id: 'text' } }, /id: int4, name/],
  [
    'a column that may be null',
    { columns: { ...columns, made: 'timestamptz' } },
    /but are .*made: timestamptz\?$/,
  ],
  [
    'a column of another name',
    { columns: { id: 'int4', title: 'text', made: 'timestamptz?' } },
    /but are id: int4, name/,
  ],
  ['one column too few', { columns: { id: 'int4', name: 'text' } }, /but are .*, made/],
  [
    'a list',
    { text: text.replace('= $1', '= ANY ($1)') },
    /parameters are declared as int4, but are int4\[\]/,
  ],
])('a wrong declaration is found: %s', async (what, change, problem) => {
  const wrong = new Statement({ text, parameters, columns, name: `test.${what}`, ...change });
  expect(await problemsOf(open().client, wrong)).toEqual([expect.stringMatching(problem)]);
});

test('a column of an outer join may be declared as nullable', async () => {
  const joined = new Statement({
    name: 'test.joined',
    parameters: [],
    columns: { id: 'int4', other: 'int4?' },
    text: 'SELECT t.id, o.id AS other FROM things t LEFT JOIN things o ON o.id = t.id + 1',
  });
  expect(await problemsOf(open().client, joined)).toEqual([]);
});

test('is prepared once a session; where a pooler is in front, not at all', async () => {
  const prepared = `SELECT name, generic_plans + custom_plans AS runs FROM pg_prepared_statements`;
  const [direct, pooled] = [open(), open({ pooled: true })];
  for (const { client } of [direct, pooled]) {
    for (let n = 0; n < 10; n += 1) expect(await run(client, thing, [2])).toHaveLength(1);
  }
  expect((await direct.pool.query(prepared)).rows).toEqual([{ name: 'test.thing', runs: '10' }]);
  expect((await pooled.pool.query(prepared)).rows).toEqual([]);
});

test('answers still when a migration has changed a type meanwhile', async () => {
  const { client } = open();
  expect(await run(client, thing, [1])).toHaveLength(1);
  await owner('ALTER TABLE wiki.things ALTER COLUMN name TYPE varchar(10)');
  expect(await run(client, thing, [1])).toEqual([{ id: 1, name: 'one', made: null }]);
});

test('ends in the server when its call is over', async () => {
  const sleep = new Statement({
    name: 'test.sleep',
    parameters: ['float8'],
    columns: { slept: 'text' },
    text: 'SELECT pg_sleep($1)::text AS slept',
  });
  const { client } = open();
  const over = new AbortController();
  const scope: Scope = { requestId: '1', trace: undefined, deadline: Infinity, signal: over.signal };
  const failed = scopes.run(scope, () => run(client, sleep, [60])).catch((error: unknown) => error);
  const { pool } = open();
  const running = async () =>
    (
      await pool.query(
        `SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'`,
      )
    ).rowCount;
  await vi.waitFor(async () => expect(await running()).toBe(1));
  over.abort();
  expect(hasCode(await failed, new Set(['57014']))).toBe(true);
  expect(await running()).toBe(0);
});

test('runs on clients of openDatabase alone, under a name that is nobody else’s', async () => {
  await expect(run({ $disconnect: async () => {} }, thing, [1])).rejects.toThrow(TypeError);
  const again = { name: 'test.thing', parameters: [], columns: {}, text: 'SELECT' } as const;
  expect(() => new Statement(again)).toThrow('there are two statements called test.thing');
  expect(statementsOf('test')).toContain(thing);
});
