import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import type { Logger } from '../logger.ts';
import { createTestCluster, type TestCluster } from '../testing/testing-cluster.ts';
import { provision, type ProvisionedService } from './provision.ts';
import { withClient } from './with-client.ts';

const logger = {
  info: vi.fn<Logger['info']>(),
  warn: vi.fn<Logger['warn']>(),
  error: vi.fn<Logger['error']>(),
};

// A server of its own: roles belong to the whole server.
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await createTestCluster();
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

function urlOf(role: string, password = 'secret', database = 'arcadium'): string {
  return `postgres://${encodeURIComponent(role)}:${encodeURIComponent(password)}@127.0.0.1:${cluster.port}/${database}`;
}

function run(wanted: ProvisionedService[]): Promise<void> {
  return provision({ adminUrl: cluster.adminUrl, services: wanted, logger });
}

function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  return withClient(url, undefined, (client) => client.query(sql).then(({ rows }) => rows));
}

function services(): { name: string; url: string }[] {
  return ['auth', 'wiki'].map((name) => ({ name, url: urlOf(name) }));
}

describe('provision', () => {
  test('may be run twice, and by two at once from nothing', async () => {
    await Promise.all([run(services()), run(services())]);
    await run(services());
    expect(
      await ask(
        urlOf('wiki'),
        'SELECT current_user, current_database(), current_schemas(false)::text AS path',
      ),
    ).toEqual([{ current_user: 'wiki', current_database: 'arcadium', path: '{wiki,extensions}' }]);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  test('a role uses the extensions and its own schema, and is refused everything else', async () => {
    await run(services());
    await ask(
      urlOf('auth'),
      `CREATE TABLE secrets (word citext); INSERT INTO secrets VALUES ('Ä'); SELECT unaccent('é'), similarity('a', 'b')`,
    );
    await expect(ask(urlOf('wiki'), 'SELECT * FROM auth.secrets')).rejects.toThrow(
      'permission denied for schema auth',
    );
    await expect(ask(urlOf('wiki'), 'CREATE TABLE auth.mine (id int)')).rejects.toThrow(
      'permission denied for schema auth',
    );
    await expect(ask(urlOf('wiki'), 'CREATE TABLE public.mine (id int)')).rejects.toThrow(
      'permission denied for schema public',
    );
    await expect(ask(urlOf('wiki'), 'CREATE TABLE extensions.mine (id int)')).rejects.toThrow(
      'permission denied for schema extensions',
    );
    await expect(ask(urlOf('wiki'), 'CREATE SCHEMA mine')).rejects.toThrow(
      'permission denied for database arcadium',
    );
    await expect(ask(urlOf('wiki'), 'CREATE TEMPORARY TABLE mine (id int)')).rejects.toThrow(
      'permission denied',
    );
    // Granted by hand, the schema still hides the table's content from others.
    await ask(urlOf('auth'), 'GRANT USAGE ON SCHEMA auth TO wiki');
    await expect(ask(urlOf('wiki'), 'SELECT * FROM auth.secrets')).rejects.toThrow(
      'permission denied for table secrets',
    );
  });

  describe('with an owner and a role for traffic', () => {
    const pair = (name: string) => ({ name, url: urlOf(name), ownerUrl: urlOf(`${name}_owner`) });
    test('the owner makes tables, traffic reads and writes their rows, PUBLIC has nothing', async () => {
      const { url, ownerUrl } = pair('shop');
      await run([pair('shop'), pair('till')]);
      await ask(
        ownerUrl,
        `CREATE TABLE goods (id serial, name citext);
         CREATE FUNCTION twice(n int) RETURNS int RETURN 2 * n; CREATE TYPE colour AS ENUM ('red')`,
      );
      await ask(url, `INSERT INTO goods (name) VALUES ('Tea'); UPDATE goods SET name = 'Rye'`);
      expect(await ask(url, 'SELECT id, name, twice(id) FROM goods')).toEqual([
        { id: 1, name: 'Rye', twice: 2 },
      ]);
      for (const change of ['TRUNCATE goods', 'CREATE TABLE more (id int)', 'SET ROLE shop_owner'])
        await expect(ask(url, change), change).rejects.toThrow('permission denied');
      await expect(ask(url, 'DROP FUNCTION twice')).rejects.toThrow('must be owner');
      for (const role of ['till', 'till_owner'])
        await expect(ask(urlOf(role), 'SELECT FROM shop.goods')).rejects.toThrow('permission denied');
      const granted = `SELECT FROM (
        SELECT relacl AS acl FROM pg_class WHERE relnamespace = 'shop'::regnamespace UNION ALL
        SELECT proacl FROM pg_proc WHERE pronamespace = 'shop'::regnamespace UNION ALL
        SELECT typacl FROM pg_type WHERE typname = 'colour' UNION ALL
        SELECT nspacl FROM pg_namespace WHERE nspname IN ('shop', 'extensions', 'public') UNION ALL
        SELECT datacl FROM pg_database WHERE datname = current_database()) AS all_acl, aclexplode(acl)
        WHERE grantee = 0`;
      expect(await ask(cluster.adminUrl.replace(/postgres$/, 'arcadium'), granted)).toEqual([]);
    });

    test('a schema of one role becomes one of two, with what is in it', async () => {
      const single = urlOf('old');
      await run([{ name: 'old', url: single }]);
      await ask(single, `CREATE TABLE words (word text); INSERT INTO words VALUES ('kept')`);
      await ask(single, 'CREATE TABLE _prisma_migrations (id text)');
      await run([pair('old')]);
      await run([pair('old')]);
      expect(await ask(single, 'SELECT word FROM words')).toEqual([{ word: 'kept' }]);
      await expect(ask(single, 'ALTER TABLE words ADD n int')).rejects.toThrow('must be owner');
      await expect(ask(single, 'DELETE FROM _prisma_migrations')).rejects.toThrow('permission denied');
      await ask(urlOf('old_owner'), 'ALTER TABLE words ADD n int');
    });

    test('refuses two that name different databases', async () => {
      await expect(run([{ ...pair('shop'), ownerUrl: urlOf('o', 'p', 'other') }])).rejects.toThrow(
        'the DATABASE_URL and the DATABASE_OWNER_URL of shop must name the same database',
      );
    });
  });

  test('a role of no service here may not connect', async () => {
    await run(services());
    await ask(cluster.adminUrl, `CREATE ROLE stranger LOGIN PASSWORD 'secret'`);
    await expect(ask(urlOf('stranger'), 'SELECT 1')).rejects.toThrow(
      'permission denied for database "arcadium"',
    );
  });

  test('takes a new password, and any character in names and passwords', async () => {
    const name = `o'dd "name\\`;
    const role = `rôle'"; DROP`;
    await run([{ name, url: urlOf(role, 'first') }]);
    const password = `it's "quoted" \\ $1 @/:?#%`;
    await run([{ name, url: urlOf(role, password) }]);
    expect(await ask(urlOf(role, password), 'SELECT current_schema()::text AS schema')).toEqual([
      { schema: name },
    ]);
    await expect(ask(urlOf(role, 'first'), 'SELECT 1')).rejects.toThrow('password authentication failed');
  });

  test('moves an extension out of public', async () => {
    await ask(cluster.adminUrl, 'CREATE DATABASE older');
    await ask(urlOf('postgres', 'secret', 'older'), 'CREATE EXTENSION citext');
    await run([{ name: 'auth', url: urlOf('auth', 'secret', 'older') }]);
    expect(await ask(urlOf('auth', 'secret', 'older'), `SELECT 'a'::citext = 'A' AS same`)).toEqual([
      { same: true },
    ]);
  });

  test('needs no superuser, only one who may make roles and databases', async () => {
    await ask(cluster.adminUrl, `CREATE ROLE owner LOGIN PASSWORD 'secret' CREATEROLE CREATEDB`);
    const adminUrl = urlOf('owner', 'secret', 'postgres');
    const managed = [{ name: 'auth', url: urlOf('managed', 'secret', 'managed') }];
    await provision({ adminUrl, services: managed, logger });
    await provision({ adminUrl, services: managed, logger });
    expect(
      await ask(managed[0]?.url ?? '', `SELECT current_schema()::text AS schema, 'a'::citext = 'A' AS same`),
    ).toEqual([{ schema: 'auth', same: true }]);
  });

  test('refuses a URL without role, password or database', async () => {
    for (const url of [
      'postgres://127.0.0.1/arcadium',
      'postgres://auth@127.0.0.1/arcadium',
      'postgres://auth:secret@127.0.0.1',
    ]) {
      await expect(run([{ name: 'auth', url }])).rejects.toThrow(
        'the DATABASE_URL of auth must name a role, a password and a database',
      );
    }
  });

  test('leaves no session behind', async () => {
    const client = new Client(cluster.adminUrl);
    await client.connect();
    await vi.waitFor(async () => {
      const { rows } = await client.query(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'client backend'`,
      );
      expect(rows).toEqual([{ n: 1 }]);
    });
    await client.end();
  });
});
