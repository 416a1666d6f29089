import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import type { Logger } from '../logger.ts';
import { createTestCluster, type TestCluster } from '../testing/testing-cluster.ts';
import { provision, type ProvisionedService } from './provision.ts';
import { withClient } from './with-client.ts';

const log = {
  info: vi.fn<Logger['info']>(),
  warn: vi.fn<Logger['warn']>(),
  error: vi.fn<Logger['error']>(),
};

// A separate server, because roles belong to the whole server.
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
  return provision({ adminUrl: cluster.adminUrl, services: wanted, log });
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
    expect(log.warn).not.toHaveBeenCalled();
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
    // Even with a right on the schema, others cannot read the table.
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

    test('sessions that bring no options, as those of a pooler, have what the service needs', async () => {
      await run([pair('shop')]);
      await ask(cluster.adminUrl, `ALTER DATABASE arcadium SET timezone = 'Asia/Kolkata'`);
      const settings = `SELECT current_setting('search_path') AS path, current_setting('timezone') AS zone,
        current_setting('statement_timeout') AS longest, current_setting('lock_timeout') AS lock,
        current_setting('idle_in_transaction_session_timeout') AS idle`;
      const both = { path: 'shop, extensions', zone: 'UTC' };
      const ofTraffic = { ...both, longest: '16s', lock: '15s', idle: '20s' };
      expect(await ask(pair('shop').url, settings)).toEqual([ofTraffic]);
      const ofOwner = { ...both, longest: '0', lock: '5s', idle: '5min' };
      expect(await ask(pair('shop').ownerUrl, settings)).toEqual([ofOwner]);
    });

    test('statements are counted, where operators can read it, and a role sees only its own', async () => {
      await run([pair('shop')]);
      await ask(pair('shop').url, 'SELECT 4711 AS mine');
      const counted = 'SELECT query, calls::int FROM extensions.pg_stat_statements';
      const admin = cluster.adminUrl.replace(/postgres$/, 'arcadium');
      expect(await ask(admin, `${counted} WHERE query LIKE '%AS mine'`)).toEqual([
        { query: 'SELECT $1 AS mine', calls: 1 },
      ]);
      const others = `${counted} WHERE query LIKE '%pg_advisory_lock%'`;
      expect(await ask(admin, others)).not.toEqual([]);
      expect(await ask(pair('shop').url, others)).toEqual([]);
    });

    const everything = `
      CREATE TABLE words (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY, word text);
      INSERT INTO words (word) VALUES ('kept');
      CREATE VIEW shown AS SELECT word FROM words; CREATE MATERIALIZED VIEW stored AS SELECT word FROM words;
      CREATE SEQUENCE counter; CREATE TYPE colour AS ENUM ('red'); CREATE TYPE pair AS (a int, b int);
      CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0); CREATE TABLE _prisma_migrations (id text);
      CREATE FUNCTION twice(n int) RETURNS int RETURN 2 * n;
      CREATE PROCEDURE note(t text) LANGUAGE sql AS $$ INSERT INTO words (word) VALUES (t) $$;
      REVOKE ALL ON ALL ROUTINES IN SCHEMA old FROM PUBLIC`;
    const changes = [
      'ALTER TABLE words ADD m int',
      'ALTER TABLE words DROP m',
      'ALTER VIEW shown RENAME TO s',
      'ALTER VIEW s RENAME TO shown',
      'REFRESH MATERIALIZED VIEW stored',
      'ALTER SEQUENCE counter RESTART',
      "ALTER TYPE colour RENAME VALUE 'red' TO 'x'",
      "ALTER TYPE colour RENAME VALUE 'x' TO 'red'",
      'ALTER TYPE pair RENAME ATTRIBUTE a TO x',
      'ALTER TYPE pair RENAME ATTRIBUTE x TO a',
      'ALTER DOMAIN even SET DEFAULT 2',
      'ALTER FUNCTION twice IMMUTABLE',
      'ALTER PROCEDURE note SECURITY INVOKER',
    ];

    test('a schema goes from one role to two, to another owner and back, with what is in it', async () => {
      const single = urlOf('old');
      await run([{ name: 'old', url: single }]);
      await ask(single, everything);
      const owners = [urlOf('old_owner'), urlOf('old_boss')];
      for (const ownerUrl of owners) {
        for (const _again of [1, 2]) await run([{ name: 'old', url: single, ownerUrl }]);
        await ask(single, "CALL note('said')");
        expect(
          await ask(single, "SELECT word, twice(2), nextval('counter') > 0 AS counts FROM shown LIMIT 1"),
        ).toEqual([{ word: 'kept', twice: 4, counts: true }]);
        for (const change of changes) {
          await expect(ask(single, change), change).rejects.toThrow(/must be owner|permission denied/);
          await ask(ownerUrl, change);
        }
        await expect(ask(single, 'DELETE FROM _prisma_migrations')).rejects.toThrow('permission denied');
      }
      await run([{ name: 'old', url: single }]);
      for (const change of changes) await ask(single, change);
      await ask(single, "INSERT INTO _prisma_migrations VALUES ('x')");
    });

    test('of two services with one role, each owner gets what is in his schema', async () => {
      const both = urlOf('both');
      await run(['left', 'right'].map((name) => ({ name, url: both })));
      await ask(both, 'CREATE TABLE "left".mine (id int); CREATE TABLE "right".mine (id int)');
      await run(['left', 'right'].map((name) => ({ name, url: both, ownerUrl: urlOf(`${name}_owner`) })));
      for (const name of ['left', 'right'])
        expect(await ask(urlOf(`${name}_owner`), 'ALTER TABLE mine ADD n int')).toEqual([]);
    });

    test('again and again, while a service works, it never finds itself without its rights', async () => {
      const busy = pair('busy');
      await run([busy]);
      await ask(busy.ownerUrl, 'CREATE TABLE rows (id int); GRANT SELECT ON rows TO PUBLIC');
      await ask(
        busy.ownerUrl,
        'CREATE TABLE _prisma_migrations (id text); GRANT ALL ON _prisma_migrations TO PUBLIC',
      );
      const done = new AbortController();
      const working = withClient(busy.url, undefined, async (client) => {
        let queries = 0;
        for (; !done.signal.aborted; queries += 1) await client.query('SELECT FROM rows');
        return queries;
      });
      for (const _again of [1, 2, 3, 4, 5]) await run([busy]);
      done.abort();
      expect(await working).toBeGreaterThan(50);
      await expect(ask(busy.url, 'DELETE FROM _prisma_migrations')).rejects.toThrow('permission denied');
    });

    test('a setting that a role made for itself is undone', async () => {
      const meek = pair('meek');
      await run([meek]);
      await ask(meek.url, 'ALTER ROLE meek SET default_transaction_read_only = on');
      await run([meek]);
      expect(await ask(meek.url, 'SHOW default_transaction_read_only')).toEqual([
        { default_transaction_read_only: 'off' },
      ]);
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
    await provision({ adminUrl, services: managed, log });
    await provision({ adminUrl, services: managed, log });
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
