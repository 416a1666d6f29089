import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { runCommand } from '../command/command.ts';
import { createTestDatabase, withClient, type TestDatabase } from '../testing/testing.ts';
import { migrateTables } from './migrate-tables.ts';
import { migrationSql, tablesMigrations, tablesSql, tablesVersion, versionsSql } from './migrations.ts';

const run = promisify(execFile);

let database: TestDatabase;
let url: string;
beforeAll(async () => {
  database = await createTestDatabase([]);
  url = database.adminUrl;
});
afterAll(() => database?.drop());

const query = <Row extends object>(sql: string, values: unknown[] = []) =>
  withClient(url, undefined, async (client: Client) => (await client.query<Row>(sql, values)).rows);

/** The columns and indexes of a schema, without its name. */
const layoutOf = (schema: string) =>
  query(
    `SELECT table_name AS name, column_name || ' ' || data_type || ' ' || is_nullable AS detail
    FROM information_schema.columns WHERE table_schema = $1
    UNION ALL SELECT indexname, replace(indexdef, $1 || '.', '') FROM pg_indexes WHERE schemaname = $1 ORDER BY 1, 2`,
    [schema],
  );

test('of six at once, one creates the tables, and the others find them', async () => {
  const results = await Promise.all(Array.from({ length: 6 }, () => migrateTables({ url, schema: 'six' })));
  expect(results.map(({ from, to }) => `${from}-${to}`).toSorted()).toEqual([
    '0-2',
    ...Array.from({ length: 5 }, () => '2-2'),
  ]);
  const versions = await query('SELECT version, name FROM six.arcadium_migrations ORDER BY version');
  expect(versions).toEqual(tablesMigrations.map(({ version, name }) => ({ version, name })));
});

test('an older version is upgraded to the same tables, and its keys stay', async () => {
  await migrateTables({ url, schema: 'fresh' });
  const first = tablesMigrations.slice(0, 1).map((migration) => migrationSql('old', migration));
  await query(['CREATE SCHEMA old;', versionsSql('old'), ...first].join('\n'));
  await query(
    `INSERT INTO old.idempotency_keys (caller, procedure, key, fingerprint) VALUES ('a', 'b', 'c', 'd')`,
  );
  expect(await migrateTables({ url, schema: 'old' })).toMatchObject({ from: 1, to: tablesVersion });
  expect(await query('SELECT key FROM old.idempotency_keys')).toEqual([{ key: 'c' }]);
  expect(await layoutOf('old')).toEqual(await layoutOf('fresh'));
  // As after a roll-back to this release.
  await query(`INSERT INTO old.arcadium_migrations (version, name) VALUES (99, 'of a newer release')`);
  expect(await migrateTables({ url, schema: 'old' })).toEqual({ from: 99, to: 99, sql: '' });
});

test('a failure changes nothing', async () => {
  await query('CREATE SCHEMA taken; CREATE TABLE taken.outbox_messages (id int)');
  await expect(migrateTables({ url, schema: 'taken' })).rejects.toMatchObject({ code: '42P07' });
  expect(await query(`SELECT tablename FROM pg_tables WHERE schemaname = 'taken'`)).toEqual([
    { tablename: 'outbox_messages' },
  ]);
});

test('the SQL for another migration tool makes the same tables, in one piece or piece by piece', async () => {
  await query(tablesSql({ schema: 'printed' }));
  await migrateTables({ url, schema: 'fresh' });
  expect(await layoutOf('printed')).toEqual(await layoutOf('fresh'));
  expect(await migrateTables({ url, schema: 'printed' })).toMatchObject({ from: tablesVersion, sql: '' });
  expect(tablesSql({ schema: 'printed', from: 1 })).not.toContain('idempotency_keys');
  expect(tablesSql({ schema: 'printed', from: tablesVersion })).toBe('');
  expect(() => tablesSql({ from: 3 })).toThrow(RangeError);
});

test('the program that npx runs', async () => {
  const program = fileURLToPath(new URL('../command/main.ts', import.meta.url));
  const { stdout } = await run(process.execPath, [program, 'migrate', '--print', '--schema', 'shop']);
  expect(stdout).toBe(`${tablesSql({ schema: 'shop' })}\n`);
  await expect(run(process.execPath, [program])).rejects.toMatchObject({ code: 2 });
});

test('the command: what it prints, what it changes, and how it ends', async () => {
  const command = async (...args: string[]) => {
    const written = { out: '', err: '' };
    const code = await runCommand(args, {
      out: (text) => (written.out += text),
      err: (text) => (written.err += text),
    });
    return { code, ...written };
  };
  const exists = async () => (await query(`SELECT FROM pg_namespace WHERE nspname = 'by command'`)).length;
  const before = process.env['DATABASE_URL'];
  process.env['DATABASE_URL'] = url;
  try {
    const schema = ['--schema', 'by command'];
    const dry = await command('migrate', '--dry-run', ...schema);
    expect(dry).toMatchObject({ code: 0, out: tablesSql({ schema: 'by command' }) });
    expect(await exists()).toBe(0);
    expect(await command('migrate', ...schema)).toMatchObject({
      code: 0,
      out: expect.stringContaining('from version 0 to 2'),
    });
    expect(await command('migrate', ...schema)).toMatchObject({
      code: 0,
      out: expect.stringContaining('nothing to do'),
    });
    expect(await exists()).toBe(1);
    expect(await command('migrate', ...schema, '--grant-to', 'no one')).toMatchObject({
      code: 1,
      err: expect.stringContaining('role "no one" does not exist'),
    });
    expect(await command('migrat')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Unknown command "migrat"'),
    });
    expect(await command('migrate', '--from', '9', '--print')).toMatchObject({ code: 2 });
    expect(await command('migrate', '--print', '--from', '1')).toMatchObject({
      code: 0,
      out: tablesSql({ from: 1 }),
    });
  } finally {
    if (before === undefined) delete process.env['DATABASE_URL'];
    else process.env['DATABASE_URL'] = before;
  }
});
