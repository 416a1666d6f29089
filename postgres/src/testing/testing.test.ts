import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, inject, test } from 'vitest';

import { isDatabaseUnavailable } from '../database/database-errors.ts';
import { migrate } from '../migrate/migrate.ts';
import { withClient } from '../provision/with-client.ts';
import { createTestDatabase, dropTestDatabases } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'arcadium-migrations-'));
mkdirSync(join(folder, '1_init'));
writeFileSync(join(folder, '1_init/migration.sql'), 'CREATE TABLE tokens (id text PRIMARY KEY)');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const auth = { name: 'auth', migrations: folder };

function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  return withClient(url, undefined, (client) => client.query(sql).then(({ rows }) => rows));
}

test('suites that start together get databases of their own, migrated, from one template', async () => {
  const server = { adminUrl: inject('testDatabaseAdminUrl'), runId: 'inner' };
  const databases = await Promise.all([1, 2, 3].map(() => createTestDatabase([auth], server)));
  try {
    for (const [index, database] of databases.entries()) {
      await ask(database.url('auth'), `INSERT INTO tokens (id) VALUES ('${index}')`);
      expect(await ask(database.url('auth'), 'SELECT id FROM tokens')).toEqual([{ id: String(index) }]);
    }
    expect(
      await ask(
        server.adminUrl,
        `SELECT count(*)::int AS n FROM pg_database WHERE datname LIKE 'test_inner_t%'`,
      ),
    ).toEqual([{ n: 1 }]);
  } finally {
    await Promise.all(databases.map((database) => database.drop()));
    await dropTestDatabases(server.adminUrl, server.runId);
  }
  expect(
    await ask(server.adminUrl, `SELECT datname FROM pg_database WHERE datname LIKE 'test_inner_%'`),
  ).toEqual([]);
});

test('a copy has the rights of the original, which a copy made by CREATE DATABASE lacks', async () => {
  await using database = await createTestDatabase([auth]);
  expect(await ask(database.url('auth'), 'SELECT current_schemas(false)::text AS path')).toEqual([
    { path: '{auth,extensions}' },
  ]);
  await expect(ask(database.url('auth'), 'CREATE SCHEMA mine')).rejects.toThrow('permission denied');
  expect(() => database.url('wiki')).toThrow('made for auth, not for wiki');
});

test('a service that has the role for traffic alone starts where nothing is left to migrate', async () => {
  await using database = await createTestDatabase([auth]);
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  expect(await migrate({ service: 'auth', url: database.url('auth'), log, folder })).toEqual([]);
});

test('drop ends the connections of others and may be called twice', async () => {
  const database = await createTestDatabase([auth]);
  await withClient(database.url('auth'), undefined, async (client) => {
    await Promise.all([database.drop(), database.drop()]);
    await expect(client.query('SELECT 1')).rejects.toSatisfy(isDatabaseUnavailable);
  });
});
