import { randomBytes, randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@arcadium/postgres/migrate';
import { provision } from '@arcadium/postgres/provision';
import { withClient } from '@arcadium/postgres/testing';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { migrationsFolder } from './folders.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const firstRelease = '20260101000000_init';
const people = 1000;

let url: string;
let folder: string;

/** An empty database in which auth owns its schema. */
beforeEach(async () => {
  const base = new URL(inject('testDatabaseAdminUrl'));
  base.pathname = `/test_${inject('testDatabaseRunId')}_u${randomBytes(4).toString('hex')}`;
  base.username = `test_upgrade_${randomBytes(4).toString('hex')}`;
  base.password = 'secret';
  url = base.href;
  await provision({
    adminUrl: inject('testDatabaseAdminUrl'),
    services: [{ name: 'auth', url }],
    log,
  });
  folder = mkdtempSync(join(tmpdir(), 'arcadium-release-'));
  cpSync(join(migrationsFolder('auth'), firstRelease), join(folder, firstRelease), { recursive: true });
});

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  const { pathname, username } = new URL(url);
  await withClient(inject('testDatabaseAdminUrl'), undefined, async (admin) => {
    await admin.query(`DROP DATABASE "${pathname.slice(1)}" WITH (FORCE)`);
    await admin.query(`DROP ROLE "${username}"`);
  });
});

function ask(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  return withClient(url, undefined, (client) => client.query(sql, values).then(({ rows }) => rows));
}

test('an auth database of the first release, with people in it, comes through all migrations whole', async () => {
  expect(await migrate({ service: 'auth', url, log, folder })).toEqual([firstRelease]);
  await ask(
    `INSERT INTO auth.users (id, email, name, role, password_hash, disabled_at)
     SELECT uuidv7(), 'Person-' || n || '@Example.com', 'Person', CASE n WHEN 1 THEN 'admin' ELSE 'user' END,
            'hash ' || n, CASE n WHEN 2 THEN now() END
     FROM generate_series(1, ${people}) AS n`,
  );
  await ask(
    `INSERT INTO auth.password_history (id, user_id, password_hash)
     SELECT uuidv7(), id, password_hash FROM auth.users`,
  );
  await ask(
    `INSERT INTO auth.token_blacklist (jti, reason, expires_at)
     SELECT 'token ' || n, 'revoked', now() + interval '90 days' FROM generate_series(1, ${people}) AS n`,
  );
  const columns = 'id, email, name, role, password_hash, created_at, updated_at, disabled_at';
  const stored = () => ask(`SELECT ${columns} FROM auth.users ORDER BY id`);
  const before = await stored();

  const applied = await migrate({ service: 'auth', url, log, folder: migrationsFolder('auth') });
  expect(applied).not.toContain(firstRelease);
  expect(applied.length).toBeGreaterThan(0);

  expect(await stored()).toEqual(before);
  expect(await ask('SELECT DISTINCT password_version FROM auth.users')).toEqual([{ password_version: 1 }]);
  expect(
    await ask(`SELECT count(*)::int AS entries, count(DISTINCT position)::int AS places, min(position)::int AS first
               FROM auth.token_blacklist`),
  ).toEqual([{ entries: people, places: people, first: 1 }]);
  // Revocations from now on come after all of these.
  const [next] = await ask(
    `INSERT INTO auth.token_blacklist (jti, reason, expires_at) VALUES ($1, 'revoked', now())
     RETURNING position::int AS position`,
    [randomUUID()],
  );
  expect(next).toEqual({ position: people + 1 });
  expect(
    await ask('SELECT count(*)::int AS n FROM auth.password_history JOIN auth.users ON user_id = users.id'),
  ).toEqual([{ n: people }]);
});

test('the terms of a wiki that is there are counted when their counts come', async () => {
  await provision({ adminUrl: inject('testDatabaseAdminUrl'), services: [{ name: 'wiki', url }], log });
  const wikis = mkdtempSync(join(tmpdir(), 'arcadium-release-'));
  const counts = '20261130083000_index_terms';
  cpSync(migrationsFolder('wiki'), wikis, { recursive: true, filter: (file) => !file.includes(counts) });
  await migrate({ service: 'wiki', url, log, folder: wikis });
  await ask(
    `INSERT INTO wiki.pages (id, slug, title, body, plain, author_id, deleted_at)
     SELECT uuidv7(), 'page-' || n, '.', '.', '.', uuidv7(), CASE n WHEN 4 THEN now() END FROM generate_series(1, 4) n`,
  );
  await ask(
    `INSERT INTO wiki.index_entries (page_id, term, kind, weight)
     SELECT id, term, kind, 1 FROM wiki.pages, LATERAL
       (VALUES ('all', 'body'), ('all', 'title'), (right(slug, 1), 'body')) AS entries (term, kind)`,
  );
  expect(await migrate({ service: 'wiki', url, log, folder: migrationsFolder('wiki') })).toContain(counts);
  expect(await ask('SELECT term, pages FROM wiki.index_terms ORDER BY term')).toEqual([
    { term: '1', pages: 1 },
    { term: '2', pages: 1 },
    { term: '3', pages: 1 },
    { term: 'all', pages: 3 },
  ]);
  // And go on from there; whoever writes, with whatever search path.
  await ask(`DELETE FROM wiki.pages WHERE slug = 'page-1'`);
  await ask(`UPDATE wiki.pages SET deleted_at = NULL WHERE slug = 'page-4'`);
  expect(await ask('SELECT term, pages FROM wiki.index_terms ORDER BY term')).toEqual([
    { term: '2', pages: 1 },
    { term: '3', pages: 1 },
    { term: '4', pages: 1 },
    { term: 'all', pages: 3 },
  ]);
  rmSync(wikis, { recursive: true, force: true });
});
