import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import type { Logger } from './logger.ts';
import { provision, withClient } from './provision.ts';
import { createTestCluster, type TestCluster } from './testing/testing-cluster.ts';

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

function run(wanted: { name: string; url: string }[]): Promise<void> {
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
