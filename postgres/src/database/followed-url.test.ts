import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { recordingLogger } from '@arcadium/mesh/testing';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { PrismaClient } from '@arcadium/prisma/wiki';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { openDatabase, type Database } from './database.ts';
import { Listener } from './listener.ts';

/** Waits for longer than by default: the machine may be busy. */
const waitFor = <Result>(condition: () => Result | Promise<Result>) =>
  vi.waitFor(condition, { timeout: 20_000 });

const roles = ['rotation_a', 'rotation_b'] as const;

let testDatabase: TestDatabase;
let admin: Client;
let folder: string;
let file: string;
let log: ReturnType<typeof recordingLogger>;
let database: Database<PrismaClient>;

beforeAll(async () => {
  testDatabase = await createTestDatabase(['wiki']);
  admin = new Client(testDatabase.adminUrl);
  await admin.connect();
  for (const role of roles) {
    await admin.query(`DROP ROLE IF EXISTS ${role}`);
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'first' IN ROLE test_wiki`);
  }
});
afterAll(async () => {
  await admin.end();
  await testDatabase.drop();
});
beforeEach(async () => {
  await admin.query(`ALTER ROLE rotation_a PASSWORD 'first'`);
  folder = mkdtempSync(join(tmpdir(), 'arcadium-rotation-'));
  file = join(folder, 'DATABASE_URL');
  log = recordingLogger();
  const url = urlOf('rotation_a', 'first');
  write(url);
  const poolMax = 4;
  database = openDatabase({ url, urlFile: file, schema: 'wiki', client: PrismaClient, log, poolMax });
});
afterEach(async () => {
  await database.close();
  rmSync(folder, { recursive: true });
});

function urlOf(role: string, password: string): string {
  const url = new URL(testDatabase.adminUrl);
  [url.username, url.password] = [role, password];
  return url.href;
}

function write(url: string): void {
  writeFileSync(`${file}.new`, `${url}\n`);
  renameSync(`${file}.new`, file);
}

/** Runs a statement 20 times a second on each connection until the work is over. */
async function underLoad(statement: () => Promise<void>, work: () => Promise<void>) {
  const over = new AbortController();
  const load = { statements: 0, failed: [] as unknown[] };
  const callers = Array.from({ length: 4 }, async () => {
    while (!over.signal.aborted) {
      load.statements += 1;
      await statement().catch((error: unknown) => load.failed.push(error));
      await delay(50);
    }
  });
  await work();
  over.abort();
  await Promise.all(callers);
  return load;
}

const onTheSame = async () => void (await database.pool.query('SELECT pg_sleep(0.01)'));

/** On a new connection, which is closed afterwards. */
async function onANewOne(): Promise<void> {
  const client = await database.pool.connect();
  await client.query('SELECT 1');
  client.release(true);
}

/** The roles of the sessions in this database. */
async function sessions(): Promise<string[]> {
  const { rows } = await admin.query<{ role: string }>(
    `SELECT DISTINCT usename AS role FROM pg_stat_activity WHERE usename = ANY ($1) ORDER BY 1`,
    [roles],
  );
  return rows.map(({ role }) => role);
}

const changed = 'the file of a setting has changed: its new value is in force';
const said = () => log.lines.map(({ message }) => message);

test('the role changes under load: no statement fails, no session of the old role stays, LISTEN included', async () => {
  const heard: string[] = [];
  const listener = new Listener({
    url: database.directUrl,
    channel: 'rotation',
    onConnect: () => {},
    onPayload: (payload) => heard.push(payload),
    heartbeatMs: 50,
    log,
  });
  listener.start();
  const load = await underLoad(onTheSame, async () => {
    await waitFor(() => expect(listener.listening).toBe(true));
    expect(await sessions()).toEqual(['rotation_a']);
    write(urlOf('rotation_b', 'first'));
    await waitFor(async () => expect(await sessions()).toEqual(['rotation_b']));
    await waitFor(() => expect(listener.listening).toBe(true));
  });
  await database.pool.query(`SELECT pg_notify('rotation', 'here')`);
  await waitFor(() => expect(heard).toEqual(['here']));
  await listener.stop();
  expect(load.failed).toEqual([]);
  expect(load.statements).toBeGreaterThan(10);
  expect(said()).toEqual([changed]);
});

test.each([
  ['in the file, then in the database', 1500],
  ['in the database, then in the file', 400],
])(
  'the password changes %s, while each statement has a new connection: none fails',
  async (order, pauseMs) => {
    const changes = [
      async () => write(urlOf('rotation_a', 'second')),
      async () => void (await admin.query(`ALTER ROLE rotation_a PASSWORD 'second'`)),
    ];
    if (order.startsWith('in the database')) changes.reverse();
    const load = await underLoad(onANewOne, async () => {
      for (const change of changes) {
        await change();
        await delay(pauseMs);
      }
      await waitFor(() => expect(said()).toContain(changed));
      await delay(500);
    });
    expect(load.failed).toEqual([]);
    expect(load.statements).toBeGreaterThan(10);
  },
);

test('a URL with which no connection succeeds is logged once, and the one in force stays', async () => {
  write(urlOf('rotation_a', 'wrong'));
  await waitFor(() => expect(log.lines).toHaveLength(1));
  await delay(1200);
  expect(log.lines).toHaveLength(1);
  expect(log.lines[0]).toMatchObject({
    level: 'warn',
    fields: { setting: 'DATABASE_URL', reason: 'password authentication failed for user "rotation_a"' },
  });
  await database.pool.query('SELECT 1');
});
