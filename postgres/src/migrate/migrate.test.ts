import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';

import type { Logger } from '../logger.ts';
import { migrate, migrateWhenReachable, MigrationError } from './migrate.ts';
import { MigrationRecord } from './migration-record.ts';
import { provision } from '../provision/provision.ts';
import { withClient } from '../provision/with-client.ts';
import { createTestCluster } from '../testing/testing-cluster.ts';

const log = {
  debug: vi.fn<Logger['info']>(),
  info: vi.fn<Logger['info']>(),
  warn: vi.fn<Logger['warn']>(),
  error: vi.fn<Logger['error']>(),
};

const serviceNames = ['one', 'two', 'three'];
let adminUrl: string;
let urls: Map<string, string>;
let folder: string;

/** An empty database with three schemas of fictional services. */
beforeEach(async () => {
  const base = new URL(inject('testDatabaseAdminUrl'));
  base.pathname = `/test_${inject('testDatabaseRunId')}_m${Math.random().toString(36).slice(2)}`;
  adminUrl = base.href;
  urls = new Map(
    serviceNames.map((name) => {
      const url = new URL(base);
      url.username = `test_${name}`;
      url.password = 'secret';
      return [name, url.href];
    }),
  );
  await provision({
    adminUrl: inject('testDatabaseAdminUrl'),
    services: [...urls].map(([name, url]) => ({ name, url })),
    log,
  });
  folder = mkdtempSync(join(tmpdir(), 'arcadium-migrations-'));
  vi.clearAllMocks();
});

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  const name = new URL(adminUrl).pathname.slice(1);
  await withClient(inject('testDatabaseAdminUrl'), undefined, (admin) =>
    admin.query(`DROP DATABASE "${name}" WITH (FORCE)`),
  );
});

function write(name: string, sql: string): void {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, 'migration.sql'), sql);
}

function run(service = 'one', signal?: AbortSignal): Promise<string[]> {
  return migrate({ service, url: urls.get(service) ?? '', log, folder, ...(signal ? { signal } : {}) });
}

function ask(sql: string): Promise<Record<string, unknown>[]> {
  return withClient(adminUrl, undefined, (client) => client.query(sql).then(({ rows }) => rows));
}

describe('migrate', () => {
  test('applies what is pending, in order, and records it in the schema of the service', async () => {
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    expect(await run()).toEqual(['20260101000000_a']);
    write('20260103000000_c', 'ALTER TABLE b ADD COLUMN c int;');
    write('20260102000000_b', 'CREATE TABLE b (id int);');
    expect(await run()).toEqual(['20260102000000_b', '20260103000000_c']);
    expect(await run()).toEqual([]);
    expect(
      await ask(`SELECT count(*)::int AS n FROM one._prisma_migrations WHERE finished_at IS NOT NULL`),
    ).toEqual([{ n: 3 }]);
    expect(await ask(`SELECT schemaname, tableowner FROM pg_tables WHERE tablename = 'b'`)).toEqual([
      { schemaname: 'one', tableowner: 'test_one' },
    ]);
  });

  test('leaves in the record what is applied, and what is pending because one failed', async () => {
    const record = new MigrationRecord();
    const recorded = () => migrate({ service: 'one', url: urls.get('one') ?? '', log, folder, record });
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    await recorded();
    const first = { name: '20260101000000_a', applied_at: expect.stringMatching(/^\d{4}-.*Z$/) };
    expect(record.figures).toEqual({ applied: 1, last: first, pending: 0, failed: null });
    expect(Math.abs(Date.parse(record.figures?.last?.applied_at ?? '') - Date.now())).toBeLessThan(60_000);
    write('20260102000000_b', 'CREATE TABLE a (id int);');
    write('20260103000000_c', 'CREATE TABLE c (id int);');
    await expect(recorded()).rejects.toThrow(MigrationError);
    expect(record.figures).toEqual({ applied: 1, last: first, pending: 2, failed: '20260102000000_b' });
    write('20260102000000_b', 'CREATE TABLE b (id int);');
    await recorded();
    expect(record.figures).toMatchObject({
      applied: 3,
      last: { name: '20260103000000_c' },
      pending: 0,
      failed: null,
    });
  });

  test('an older version lives with the schema of a newer one, and adds to it what only itself has', async () => {
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    write('20260102000000_newer', 'ALTER TABLE a ADD COLUMN newer int;');
    await run();
    rmSync(join(folder, '20260102000000_newer'), { recursive: true });
    expect(await run()).toEqual([]);
    expect(log.info).toHaveBeenCalledWith(
      { schema: 'one', migrations: ['20260102000000_newer'] },
      'the schema is newer than this version',
    );
    write('20260103000000_repair', 'ALTER TABLE a ADD COLUMN repair int;');
    expect(await run()).toEqual(['20260103000000_repair']);
    expect(await ask('SELECT newer, repair FROM one.a')).toEqual([]);
    expect(log.warn).not.toHaveBeenCalled();
  });

  test('three replicas at once: one migrates, none fails', async () => {
    write('20260101000000_a', 'CREATE TABLE a (id int); SELECT pg_sleep(0.3);');
    write('20260102000000_b', 'CREATE TABLE b (id int);');
    const results = await Promise.all([run(), run(), run()]);
    expect(results.toSorted((a, b) => b.length - a.length)).toEqual([
      ['20260101000000_a', '20260102000000_b'],
      [],
      [],
    ]);
  });

  test('three services at once do not wait for one another, nor for the lock of the Prisma CLI', async () => {
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    await withClient(adminUrl, undefined, async (prisma) => {
      await prisma.query('SELECT pg_advisory_lock(72707369)');
      expect(await Promise.all(serviceNames.map((service) => run(service)))).toEqual(
        serviceNames.map(() => ['20260101000000_a']),
      );
    });
  });

  test('takes function bodies, literals and comments with semicolons as they stand', async () => {
    write(
      '20260101000000_a',
      `-- a; comment
       CREATE TABLE a (note text DEFAULT 'x; y');
       CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN n * 2; END; $$;
       CREATE INDEX a_trgm ON a USING gin (note gin_trgm_ops);`,
    );
    await run();
    expect(await ask('SELECT one.twice(21) AS n')).toEqual([{ n: 42 }]);
  });

  test('CREATE INDEX CONCURRENTLY works although replicas wait', async () => {
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    write('20260102000000_b', 'CREATE INDEX CONCURRENTLY a_id ON a (id);');
    const results = await Promise.all([run(), run(), run()]);
    expect(results.flat()).toEqual(['20260101000000_a', '20260102000000_b']);
  });

  test('a failed migration names itself, leaves nothing behind and is tried again', async () => {
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    write('20260102000000_b', 'CREATE TABLE b (id int);\nCREATE TABLE c (id nonsense);');
    const error = await run().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(MigrationError);
    expect(error).toMatchObject({
      service: 'one',
      migration: '20260102000000_b',
      message: 'migration 20260102000000_b of one failed: type "nonsense" does not exist',
    });
    expect(await ask(`SELECT tablename FROM pg_tables WHERE tablename IN ('a', 'b')`)).toEqual([
      { tablename: 'a' },
    ]);
    expect(
      await ask(`SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND database =
      (SELECT oid FROM pg_database WHERE datname = current_database())`),
    ).toEqual([{ n: 0 }]);
    write('20260102000000_b', 'CREATE TABLE b (id int);');
    expect(await run()).toEqual(['20260102000000_b']);
  });

  test('a session killed in the middle leaves nothing behind either', async () => {
    write('20260101000000_a', 'CREATE TABLE a (id int); SELECT pg_sleep(60);');
    const killed = run().catch((cause: unknown) => cause);
    await vi.waitFor(async () => {
      expect(
        await ask(`SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity
        WHERE usename = 'test_one' AND query LIKE '%pg_sleep%'`),
      ).toEqual([{ done: true }]);
    });
    expect(await killed).toMatchObject({ message: expect.stringContaining('terminating connection') });
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    expect(await run()).toEqual(['20260101000000_a']);
  });

  test('warns of a migration edited after it was applied', async () => {
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    await run();
    write('20260101000000_a', 'CREATE TABLE a (id bigint);');
    expect(await run()).toEqual([]);
    expect(log.warn).toHaveBeenCalledWith(
      expect.objectContaining({ migrations: ['20260101000000_a'] }),
      expect.any(String),
    );
  });

  test('a replica that waits for the lock stops when told to', async () => {
    write('20260101000000_a', 'SELECT pg_sleep(60);');
    const first = new AbortController();
    const working = run().catch((cause: unknown) => cause);
    await vi.waitFor(async () =>
      expect(
        await ask(
          `SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND usename = 'test_one'`,
        ),
      ).toHaveLength(1),
    );
    const waiting = run('one', first.signal);
    await vi.waitFor(() =>
      expect(log.info).toHaveBeenCalledWith({ schema: 'one' }, expect.stringContaining('waiting')),
    );
    first.abort(new Error('shutting down'));
    await expect(waiting).rejects.toThrow(/shutting down|aborted/);
    await ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'test_one'`);
    await working;
  });
});

describe('migrateWhenReachable', () => {
  const said = (level: 'info' | 'warn' = 'warn') => log[level].mock.calls.map(([, message]) => message);
  const reasons = () => said().map((message) => message.replace('waiting for the database: ', ''));

  test('waits for a database that is away, until it is back or the signal says stop', async () => {
    await using cluster = await createTestCluster();
    const url = `postgres://one:secret@127.0.0.1:${cluster.port}/arcadium`;
    await provision({ adminUrl: cluster.adminUrl, services: [{ name: 'one', url }], log });
    await cluster.kill();
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    const options = { service: 'one', url, log, folder, retryMs: 20 };

    const stop = new AbortController();
    const stopped = migrateWhenReachable({ ...options, signal: stop.signal });
    const away = `PostgreSQL does not answer at 127.0.0.1:${cluster.port} (ECONNREFUSED)`;
    await vi.waitFor(() => expect(reasons()).toEqual([away]));
    stop.abort(new Error('shutting down'));
    await expect(stopped).rejects.toThrow(/shutting down|aborted/);

    const waiting = migrateWhenReachable(options);
    await vi.waitFor(() => expect(reasons()).toEqual([away, away]));
    await cluster.start();
    expect(await waiting).toEqual(['20260101000000_a']);
    expect(said('info').at(-1)).toBe('the database is ready');
  });

  test('tries again, without blocking others, while the table is in use', async () => {
    await using cluster = await createTestCluster();
    const url = `postgres://one:secret@127.0.0.1:${cluster.port}/arcadium`;
    await provision({ adminUrl: cluster.adminUrl, services: [{ name: 'one', url }], log });
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    await migrate({ service: 'one', url, log, folder });
    write('20260102000000_b', 'ALTER TABLE a ADD b int;');
    await withClient(cluster.adminUrl, 'arcadium', async (user) => {
      await user.query('ALTER ROLE one IN DATABASE arcadium SET lock_timeout = 100');
      await user.query('BEGIN');
      await user.query('SELECT FROM one.a');
      const waiting = migrateWhenReachable({ service: 'one', url, log, folder, retryMs: 20 });
      const locked = 'migration 20260102000000_b of one failed: canceling statement due to lock timeout';
      await vi.waitFor(() => expect(reasons()).toEqual([locked]), { timeout: 20_000 });
      await user.query('COMMIT');
      expect(await waiting).toEqual(['20260102000000_b']);
    });
  });

  test('says one line for each thing that is missing, in the order in which they come', async () => {
    await using cluster = await createTestCluster();
    const urlAs = (role: string) => `postgres://${role}:secret@127.0.0.1:${cluster.port}/arc2`;
    const admin = (sql: string, database?: string) =>
      withClient(cluster.adminUrl, database, (client) => client.query(sql));
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    const waiting = migrateWhenReachable({
      service: 'one',
      url: urlAs('one_owner'),
      trafficUrl: urlAs('one'),
      log,
      folder,
      retryMs: 10,
    });
    const steps: [change: string, database: string | undefined, reason: string][] = [
      [
        'SELECT',
        undefined,
        'role "one_owner" does not exist yet, or has another password; it is created by provisioning',
      ],
      [
        "CREATE ROLE one_owner LOGIN PASSWORD 'secret'",
        undefined,
        'database "arc2" does not exist yet; it is created by provisioning',
      ],
      [
        'CREATE DATABASE arc2 TEMPLATE template0',
        undefined,
        'schema "one" does not exist yet in database "arc2"; it is created by provisioning',
      ],
      [
        'REVOKE ALL ON DATABASE arc2 FROM PUBLIC',
        undefined,
        'role "one_owner" may not connect to database "arc2" yet; provisioning grants that',
      ],
      [
        'GRANT CONNECT ON DATABASE arc2 TO one_owner; CREATE SCHEMA one',
        'arc2',
        'role "one_owner" may not change schema "one" in database "arc2" yet; provisioning makes it the owner',
      ],
      [
        'ALTER SCHEMA one OWNER TO one_owner',
        'arc2',
        'role "one" does not exist yet, or has another password; it is created by provisioning',
      ],
      [
        "CREATE ROLE one NOLOGIN PASSWORD 'secret'; GRANT CONNECT ON DATABASE arc2 TO one",
        'arc2',
        'PostgreSQL rejects role "one" (role "one" is not permitted to log in)',
      ],
      [
        'ALTER ROLE one LOGIN CONNECTION LIMIT 0',
        undefined,
        `PostgreSQL at 127.0.0.1:${cluster.port} has no connection left (too many connections for role "one"): raise its max_connections, or lower DATABASE_POOL_MAX`,
      ],
      [
        'ALTER ROLE one CONNECTION LIMIT -1',
        undefined,
        'role "one" may not use schema "one" in database "arc2" yet; provisioning grants that',
      ],
    ];
    const expected: string[] = [];
    for (const [change, database, reason] of steps) {
      await admin(change, database);
      expected.push(reason);
      await vi.waitFor(() => expect(reasons()).toEqual(expected));
    }
    await admin('GRANT USAGE ON SCHEMA one TO one', 'arc2');
    expect(await waiting).toEqual(['20260101000000_a']);
    expect([reasons(), said('info')]).toEqual([expected, ['the database is ready']]);
  });

  test('one role that may make schemas makes its own', async () => {
    await ask(`ALTER ROLE test_one CREATEDB`);
    const name = `${new URL(adminUrl).pathname.slice(1)}_own`;
    const url = new URL(urls.get('one') ?? '');
    await withClient(url.href, undefined, (client) => client.query(`CREATE DATABASE "${name}"`));
    url.pathname = `/${name}`;
    write('20260101000000_a', 'CREATE TABLE a (id int);');
    try {
      const options = { service: 'one', url: url.href, trafficUrl: url.href, log, folder };
      expect(await migrateWhenReachable(options)).toEqual(['20260101000000_a']);
      expect(said()).toEqual([]);
    } finally {
      await ask(`DROP DATABASE "${name}" WITH (FORCE)`);
    }
  });

  test('a server that is starting up is waited for', async () => {
    // PostgreSQL's answer to every connection until it has recovered.
    const fields = ['SFATAL', 'VFATAL', 'C57P03', 'Mthe database system is starting up'];
    const body = Buffer.from(`${fields.map((field) => `${field}\0`).join('')}\0`);
    const head = Buffer.alloc(5, 'E');
    head.writeInt32BE(body.length + 4, 1);
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(Buffer.concat([head, body])));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const stop = new AbortController();
    const url = `postgres://one:secret@127.0.0.1:${port}/arcadium`;
    const waiting = migrateWhenReachable({ service: 'one', url, log, folder, signal: stop.signal });
    waiting.catch(() => {});
    await vi.waitFor(() => expect(reasons()).toEqual([`PostgreSQL at 127.0.0.1:${port} is starting up`]));
    expect(log.warn.mock.calls[0]?.[0]).toEqual({ schema: 'one', code: '57P03' });
    stop.abort(new Error('shutting down'));
    await expect(waiting).rejects.toThrow(/shutting down|aborted/);
    server.close();
  });

  test('throws what waiting does not help', async () => {
    write('20260101000000_a', 'nonsense;');
    await expect(
      migrateWhenReachable({ service: 'one', url: urls.get('one') ?? '', log, folder }),
    ).rejects.toThrow(MigrationError);
  });
});
