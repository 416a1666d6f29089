import { randomBytes, randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { migrationsFolder } from '../folders.ts';
import { provision } from '../provision/provision.ts';
import { withClient } from '../provision/with-client.ts';
import { migrate } from './migrate.ts';

const logger = { info: () => {}, warn: () => {}, error: () => {} };
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
    logger,
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
  expect(await migrate({ service: 'auth', url, logger, folder })).toEqual([firstRelease]);
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

  const applied = await migrate({ service: 'auth', url, logger });
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
