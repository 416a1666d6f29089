import { ConfigError } from '@arcadium/mesh/config';
import { scopes } from '@arcadium/mesh/telemetry';
import { recordingLogger } from '@arcadium/mesh/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { migrationsFolder } from '@arcadium/prisma/folders';
import { PrismaClient } from '@arcadium/prisma/wiki';
import { migrateWhenReachable } from '../migrate/migrate.ts';
import { provision, provisionSchemas } from '../provision/provision.ts';
import { withClient } from '../provision/with-client.ts';
import { createTestCluster, type TestCluster } from '../testing/testing-cluster.ts';
import { noPgBouncer, startPgBouncer, type TestPgBouncer } from '../testing/testing-pgbouncer.ts';
import { openDatabase, type Database } from './database.ts';
import { Listener } from './listener.ts';
import { run, Statement } from './statement.ts';

const folder = migrationsFolder('wiki');
const modes = [{ pool_mode: 'transaction' }, { pool_mode: 'session' }];

const double = new Statement({
  name: 'test.double',
  parameters: ['int4'],
  columns: { double: 'int4' },
  text: 'SELECT 2 * $1::int4 AS double',
});

let cluster: TestCluster;
let pooler: TestPgBouncer;
const urlOf = (role: string) => `postgres://${role}:secret@127.0.0.1:${cluster.port}/arcadium`;
const ask = (sql: string, url = cluster.adminUrl.replace(/postgres$/, 'arcadium')) =>
  withClient(url, undefined, (client) => client.query(sql).then(({ rows }) => rows));

/** URLs of roles, by setting. */
const urlsOf = (roles: Record<string, string>, through: (url: string) => string = (url) => url) =>
  Object.fromEntries(Object.entries(roles).map(([name, role]) => [name, through(urlOf(role))]));

let log: ReturnType<typeof recordingLogger>;
beforeEach(() => {
  log = recordingLogger();
});
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
});

describe.skipIf(noPgBouncer)('with PgBouncer (skipped where it is not installed)', () => {
  beforeAll(async () => {
    cluster = await createTestCluster();
    await makeRoom();
    // A server's default time zone may differ from UTC: the role must set it.
    await ask(`ALTER DATABASE arcadium SET timezone = 'Asia/Kolkata'`);
    const url = urlOf('wiki_owner');
    await migrateWhenReachable({ service: 'wiki', folder, url, log: recordingLogger() });
    pooler = await startPgBouncer([urlOf('wiki'), urlOf('wiki_owner'), urlOf('plain'), cluster.adminUrl]);
  });
  afterAll(async () => {
    await pooler?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  function makeRoom(): Promise<void> {
    const services = [{ name: 'wiki', url: urlOf('wiki'), ownerUrl: urlOf('wiki_owner') }];
    return provision({ adminUrl: cluster.adminUrl, services, log: recordingLogger() });
  }

  function open(poolMax = 10): Database<PrismaClient> {
    const settings = { url: pooler.through(urlOf('wiki')), pooled: true, poolMax };
    const database = openDatabase({ ...settings, schema: 'wiki', client: PrismaClient, log });
    cleanups.push(() => database.close());
    return database;
  }

  describe.each(modes)('in $pool_mode mode', (mode) => {
    beforeAll(() => pooler.restart(mode));

    test('a session has its schema, UTC and the time-out of statements; times come back as they were', async () => {
      const { client, ping } = open();
      await ping();
      expect(
        await client.$queryRaw`SELECT current_schemas(false)::text AS path, current_setting('timezone') AS zone,
          current_setting('statement_timeout') AS timeout`,
      ).toEqual([{ path: '{wiki,extensions}', zone: 'UTC', timeout: '16s' }]);
      const at = new Date('2026-07-01T12:00:00.123Z');
      const [row] = await client.$queryRaw<{ at: Date }[]>`SELECT ${at}::timestamptz AS at`;
      expect(row?.at).toEqual(at);
    });

    test('twenty transactions and twenty statements at once keep apart', async () => {
      const { client } = open();
      const numbers = Array.from({ length: 20 }, (_, index) => index);
      const work = async (
        transaction: Parameters<Parameters<typeof client.$transaction>[0]>[0],
        index: number,
      ) => {
        await transaction.$executeRaw`SELECT set_config('arcadium.own', ${String(index)}, true)`;
        const [row] = await transaction.$queryRaw<{ value: string }[]>`
          SELECT current_setting('arcadium.own') AS value`;
        return Number(row?.value);
      };
      const own = (index: number) =>
        client.$transaction((transaction) => work(transaction, index), { maxWait: 60_000 });
      const plain = async (index: number) => {
        const [row] = await client.$queryRaw<{ value: number }[]>`SELECT ${index}::int AS value`;
        return row?.value;
      };
      const answers = await Promise.all(numbers.map((index) => Promise.all([own(index), plain(index)])));
      expect(answers).toEqual(numbers.map((index) => [index, index]));
    });

    test('statements that have names elsewhere are run without, on whichever session', async () => {
      const { client } = open();
      const numbers = Array.from({ length: 40 }, (_, index) => index);
      const answers = await Promise.all(numbers.map((index) => run(client, double, [index])));
      expect(answers).toEqual(numbers.map((index) => [{ double: 2 * index }]));
      expect(await ask('SELECT name FROM pg_prepared_statements', pooler.through(urlOf('wiki')))).toEqual([]);
    });

    test('a statement whose call is over is cancelled in the server', async () => {
      const { client } = open();
      const call = new AbortController();
      const sleeps = `SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()`;
      const running = scopes
        .run({ signal: call.signal } as Parameters<typeof scopes.run>[0], async () => {
          await client.$queryRaw`SELECT pg_sleep(60)::text`;
        })
        .catch((error: unknown) => String(error));
      await vi.waitFor(async () => expect(await ask(sleeps)).toHaveLength(1));
      call.abort(new Error('the caller has gone'));
      expect(await running).toContain('57014');
      expect(await ask(sleeps)).toEqual([]);
      // The connection still works for others.
      expect(await client.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
    });

    test('such a cancellation meets no statement of others, also where all share one session', async () => {
      await pooler.restart({ ...mode, default_pool_size: mode.pool_mode === 'session' ? 2 : 1 });
      const [{ client: mine }, { client: theirs }] = [open(1), open(1)];
      const over = new AbortController();
      const others = (async () => {
        let count = 0;
        for (; !over.signal.aborted; count += 1) await theirs.$queryRaw`SELECT pg_sleep(0.001)::text`;
        return count;
      })();
      const ended: string[] = [];
      for (let round = 0; round < 60; round += 1) {
        const call = new AbortController();
        setTimeout(() => call.abort(new Error('the caller has gone')), 10 + Math.random() * 20);
        await scopes
          .run({ signal: call.signal } as Parameters<typeof scopes.run>[0], async () => {
            await mine.$queryRaw`SELECT pg_sleep(0.02)::text`;
          })
          .then(
            () => ended.push('done'),
            () => ended.push('cancelled'),
          );
      }
      over.abort();
      expect(await others).toBeGreaterThan(10);
      expect(new Set(ended)).toContain('cancelled');
      await pooler.restart(mode);
    });

    test('a PgBouncer that is started again is found again', async () => {
      const { client, ping } = open();
      await client.$queryRaw`SELECT 1`;
      await pooler.restart(mode);
      await vi.waitFor(() => ping());
      expect(await client.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
    });
  });

  describe('what needs a session of its own', () => {
    const remedy = 'Set DATABASE_DIRECT_URL and DATABASE_OWNER_URL to PostgreSQL itself';
    const wiki = () => ({
      service: 'wiki',
      folder,
      log,
      retryMs: 20,
      signal: AbortSignal.timeout(30_000),
    });

    describe.each([
      ['as documented', {}],
      ['that ignores startup options', { ignore_startup_parameters: 'options' }],
      ['in session mode that ignores them', { ignore_startup_parameters: 'options', pool_mode: 'session' }],
    ])('does not go through a PgBouncer %s', (_, settings) => {
      beforeAll(() => pooler.restart(settings));

      const direct = { url: 'wiki_owner', trafficUrl: 'wiki' };
      test.each([
        ['DATABASE_URL', direct, { trafficUrl: 'wiki' }],
        ['DATABASE_OWNER_URL', direct, { url: 'wiki_owner' }],
        ['DATABASE_DIRECT_URL', { url: 'wiki_owner' }, { trafficUrl: 'wiki', directUrl: 'wiki' }],
      ])('%s that leads there is refused at the start, with the remedy', async (setting, plain, pooled) => {
        const urls = { url: '', ...urlsOf(plain), ...urlsOf(pooled, pooler.through) };
        const refused = await migrateWhenReachable({ ...wiki(), ...urls }).catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(ConfigError);
        expect(String(refused)).toContain(`${setting}: leads to a connection pooler`);
        expect(String(refused)).toContain(remedy);
        expect(await ask(`SELECT FROM pg_locks WHERE locktype = 'advisory'`)).toEqual([]);
      });
    });

    test('provisioning is refused through a pooler', async () => {
      await pooler.restart();
      const adminUrl = pooler.through(cluster.adminUrl.replace(/postgres$/, 'arcadium'));
      await expect(provision({ adminUrl, services: [], log })).rejects.toThrow(
        'DATABASE_ADMIN_URL: leads to a connection pooler',
      );
      await expect(provisionSchemas({ url: adminUrl, schemas: ['wiki'], log })).rejects.toThrow(
        'DATABASE_URL: leads to a connection pooler',
      );
      expect(await ask(`SELECT FROM pg_locks WHERE locktype = 'advisory'`)).toEqual([]);
    });

    test('with a direct URL all is well, and a role without its settings is waited for', async () => {
      await ask('ALTER ROLE wiki IN DATABASE arcadium RESET ALL');
      await pooler.restart();
      const started = migrateWhenReachable({
        ...wiki(),
        url: urlOf('wiki_owner'),
        trafficUrl: pooler.through(urlOf('wiki')),
        directUrl: urlOf('wiki'),
      });
      await vi.waitFor(() =>
        expect(log.lines.map(({ message }) => message)).toEqual([
          expect.stringContaining(
            'role "wiki" through DATABASE_URL have search_path = "$user", public, TimeZone = Asia/Kolkata, statement_timeout = 0',
          ),
        ]),
      );
      await makeRoom();
      await pooler.restart();
      expect(await started).toEqual([]);
      expect(log.lines.at(-1)?.message).toBe('the database is ready');
    });

    test('a PgBouncer that knows no such user is waited for, in its own words', async () => {
      const stop = new AbortController();
      const started = migrateWhenReachable({
        ...wiki(),
        url: urlOf('wiki_owner'),
        trafficUrl: pooler.through(urlOf('wiki')).replace('/arcadium', '/nothing'),
        directUrl: urlOf('wiki'),
        signal: stop.signal,
      });
      await vi.waitFor(() => expect(log.lines[0]?.message).toContain('(no such database: nothing)'));
      stop.abort(new Error('enough'));
      await expect(started).rejects.toThrow(/enough|aborted/);
    });
  });

  test('a listener that hears nothing looks instead, says so once, and hears again by itself', async () => {
    await pooler.restart();
    const heard: string[] = [];
    let looks = 0;
    const listener = new Listener({
      url: pooler.through(urlOf('wiki')),
      channel: 'news',
      onConnect: () => (looks += 1),
      onPayload: (payload) => heard.push(payload),
      log,
      hearMs: 300,
      heartbeatMs: 50,
      lookMs: 20,
      retryMs: 20,
    });
    listener.start();
    cleanups.push(() => listener.stop());
    await vi.waitUntil(() => looks >= 3);
    expect(listener.listening).toBe(false);
    expect(log.lines).toEqual([
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('LISTEN receives nothing') }),
    ]);

    await pooler.restart({ pool_mode: 'session' });
    await vi.waitUntil(() => listener.listening);
    await ask(`SELECT pg_notify('news', 'back')`, urlOf('wiki'));
    await vi.waitFor(() => expect(heard).toEqual(['back']));
    expect(log.lines.at(-1)).toMatchObject({ level: 'info', message: 'LISTEN is working again' });
    expect(log.lines.filter(({ message }) => message.includes('LISTEN receives nothing'))).toHaveLength(1);

    // It also notices a loss while it is connected.
    looks = 0;
    pooler.reload({ pool_mode: 'transaction' });
    await vi.waitUntil(() => looks >= 3);
    expect(listener.listening).toBe(false);
    pooler.reload({ pool_mode: 'session' });
    await vi.waitUntil(() => listener.listening);
    expect(log.lines.at(-1)).toMatchObject({ level: 'info', message: 'LISTEN is working again' });
  });
});
