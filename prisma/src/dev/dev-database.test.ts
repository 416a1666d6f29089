import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, inject, test } from 'vitest';

import { migrate } from '@arcadium/postgres/migrate';
import { withClient } from '@arcadium/postgres/testing';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { migrationsFolder } from '../folders.ts';
import { startDevDatabase } from './dev-database.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

let root: string;
let port: number;

/** A repository of two services, as set-up leaves it. */
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'arcadium-dev-'));
  chmodSync(root, 0o755); // as root, PostgreSQL runs as another user
  port = await findFreePort();
  for (const folder of ['prisma', 'services/auth', 'services/dashboard'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(
    join(root, 'prisma/.env'),
    `DATABASE_ADMIN_URL=postgres://postgres:secret@127.0.0.1:${port}/postgres\n`,
  );
  writeFileSync(join(root, 'services/auth/.env'), `DATABASE_URL="${authUrl()}"\n`);
  writeFileSync(join(root, 'services/dashboard/.env'), 'PORT=8080\n');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function authUrl(): string {
  return `postgres://auth:secret@127.0.0.1:${port}/arcadium`;
}

async function currentUser(url: string): Promise<unknown> {
  return withClient(url, undefined, (client) =>
    client.query('SELECT current_user AS name').then(({ rows }) => rows[0].name),
  );
}

test('is provisioned when it is there, and gone when it was stopped', async () => {
  const database = await startDevDatabase(root, silent, {});
  expect(database.what).toBe(`PostgreSQL is ready on 127.0.0.1:${port}, schemas auth`);
  expect(await currentUser(authUrl())).toBe('auth');
  await database.stop();
  expect(() => process.kill(database.pid ?? 0, 0)).toThrow('ESRCH');
  expect(await database.ended).toBe('exit code 0');
});

test('says how its server ended, and starts again on the same data', async () => {
  const first = await startDevDatabase(root, silent, {});
  process.kill(first.pid ?? 0, 'SIGKILL');
  expect(await first.ended).toBe('ended by SIGKILL');
  const second = await startDevDatabase(root, silent, {});
  expect(await currentUser(authUrl())).toBe('auth');
  await second.stop();
});

test('names the setting of a port that is taken', async () => {
  const squatter = createServer().listen(port, '127.0.0.1');
  await once(squatter, 'listening');
  await expect(startDevDatabase(root, silent, {})).rejects.toThrow(
    'set another port as POSTGRES_PORT in .env',
  );
  squatter.close();
});

test('leaves no server behind that could not be provisioned', async () => {
  const other = authUrl().replace('/arcadium', '/another');
  writeFileSync(join(root, 'services/auth/.env'), `DATABASE_URL=${authUrl()}\nDATABASE_OWNER_URL=${other}\n`);
  await expect(startDevDatabase(root, silent, {})).rejects.toThrow('must name the same database');
  expect(existsSync(join(root, '.data/postgres/PG_VERSION'))).toBe(true);
  expect(existsSync(join(root, '.data/postgres/postmaster.pid'))).toBe(false);
});

test('nothing is made through a pooler: where there is a direct URL, that is used', async () => {
  const behind = authUrl().replace(`:${port}/`, ':1/');
  writeFileSync(
    join(root, 'services/auth/.env'),
    `DATABASE_URL=${behind}\nDATABASE_DIRECT_URL=${authUrl()}\nDATABASE_OWNER_URL=${authUrl()}\n`,
  );
  const database = await startDevDatabase(root, silent, {});
  expect(await currentUser(authUrl())).toBe('auth');
  await database.stop();
});

test.each([
  ['', (url: string) => ({ DATABASE_URL: url })],
  [
    ', past a pooler',
    (url: string) => ({ DATABASE_URL: 'postgres://a@127.0.0.1:1/a', DATABASE_DIRECT_URL: url }),
  ],
])(
  'with DATABASE_URL in the environment it makes the schemas there and starts nothing%s',
  async (how, settings) => {
    const adminUrl = inject('testDatabaseAdminUrl');
    const external = new URL(adminUrl);
    const name = `test_${inject('testDatabaseRunId')}_dev${how.length}`;
    external.pathname = `/${name}`;
    await withClient(adminUrl, undefined, (admin) => admin.query(`CREATE DATABASE "${name}"`));
    const database = await startDevDatabase(root, silent, settings(external.href));
    expect(database).toMatchObject({ what: 'using the PostgreSQL of DATABASE_URL, schemas auth' });
    expect(database.pid).toBeUndefined();
    expect(existsSync(join(root, '.data'))).toBe(false);
    const folder = migrationsFolder('auth');
    expect(await migrate({ service: 'auth', url: external.href, log: silent, folder })).toHaveLength(
      readdirSync(folder).length,
    );
    await database.stop();
  },
);

test('says what is missing', async () => {
  rmSync(join(root, 'prisma/.env'));
  await expect(startDevDatabase(root, silent, {})).rejects.toThrow(
    'prisma/.env has no DATABASE_ADMIN_URL: run "npm run setup"',
  );
});
