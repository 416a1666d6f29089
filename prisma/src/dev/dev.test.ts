import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';

import { findFreePort } from '../testing/free-port.ts';
import { migrationsFolder } from '../folders.ts';
import { migrate } from '../migrate/migrate.ts';
import { isRunning } from '../embedded/process.ts';
import { withClient } from '../provision/with-client.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const script = fileURLToPath(new URL('./dev.ts', import.meta.url));

let root: string;
let port: number;
let output = '';
let started: ChildProcess[] = [];

/** A repository of two folders, as our set-up command leaves it. */
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'arcadium-dev-'));
  chmodSync(root, 0o755); // as root, PostgreSQL runs under another account
  port = await findFreePort();
  for (const folder of ['prisma', 'services/auth', 'services/dashboard'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(
    join(root, 'prisma/.env'),
    `DATABASE_ADMIN_URL=postgres://postgres:secret@127.0.0.1:${port}/postgres\n`,
  );
  writeFileSync(join(root, 'services/auth/.env'), `DATABASE_URL="${authUrl()}"\n`);
  writeFileSync(join(root, 'services/dashboard/.env'), 'PORT=8080\n');
  output = '';
});

afterEach(async () => {
  for (const child of started)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  await vi.waitUntil(() => !existsSync(join(root, '.data/postgres/postmaster.pid')));
  started = [];
  rmSync(root, { recursive: true, force: true });
});

function authUrl(): string {
  return `postgres://auth:secret@127.0.0.1:${port}/arcadium`;
}

function start(
  environment: NodeJS.ProcessEnv = {},
  command: string[] = [process.execPath, script, root],
): ChildProcess {
  const { DATABASE_URL: _url, DATABASE_ADMIN_URL: _admin, ...inherited } = process.env;
  const [program = '', ...rest] = command;
  const child = spawn(program, rest, {
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  started.push(child);
  return child;
}

async function printed(text: string, times = 1): Promise<void> {
  await vi.waitFor(() => expect(output.split(text).length - 1).toBeGreaterThanOrEqual(times));
}

function postmaster(): number {
  return Number.parseInt(readFileSync(join(root, '.data/postgres/postmaster.pid'), 'utf8'), 10);
}

async function currentUser(url: string): Promise<unknown> {
  return withClient(url, undefined, (client) =>
    client.query('SELECT current_user AS name').then(({ rows }) => rows[0].name),
  );
}

test('provides the database until SIGINT, which may come twice, and exits with 0', async () => {
  const child = start();
  await printed('PostgreSQL ready');
  expect(output).toBe(`database: PostgreSQL ready on 127.0.0.1:${port}, schemas auth\n`);
  expect(await currentUser(authUrl())).toBe('auth');
  const pid = postmaster();
  child.kill('SIGINT');
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(isRunning(pid)).toBe(false);
});

test('starts PostgreSQL again when that was killed', async () => {
  start();
  await printed('PostgreSQL ready');
  process.kill(postmaster(), 'SIGKILL');
  await printed('PostgreSQL ended by itself (ended by SIGKILL), starting it again in 1000 ms');
  await printed('PostgreSQL ready', 2);
  expect(await currentUser(authUrl())).toBe('auth');
});

test('leaves nothing behind when its parent is killed, nor when it is killed itself', async () => {
  // The shell must not replace itself with node, so that there is a parent to kill.
  const shell = start({}, [
    '/bin/sh',
    '-c',
    '"$0" "$1" "$2" & echo "dev $!"; wait',
    process.execPath,
    script,
    root,
  ]);
  await printed('PostgreSQL ready');
  const dev = Number(/dev (\d+)/.exec(output)?.[1]);
  let pid = postmaster();
  shell.kill('SIGKILL');
  await vi.waitFor(() => expect([isRunning(dev), isRunning(pid)]).toEqual([false, false]));

  const child = start();
  await printed('PostgreSQL ready', 2);
  pid = postmaster();
  child.kill('SIGKILL');
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
});

test('with DATABASE_URL in the environment it makes the schemas there and stays', async () => {
  const adminUrl = inject('testDatabaseAdminUrl');
  const external = new URL(adminUrl);
  const name = `test_${inject('testDatabaseRunId')}_dev`;
  external.pathname = `/${name}`;
  await withClient(adminUrl, undefined, (admin) => admin.query(`CREATE DATABASE "${name}"`));
  const child = start({ DATABASE_URL: external.href });
  await printed('that PostgreSQL is used; schemas auth');
  expect(existsSync(join(root, '.data'))).toBe(false);
  expect(await migrate({ service: 'auth', url: external.href, logger: silent })).toHaveLength(
    readdirSync(migrationsFolder('auth')).length,
  );
  expect(child.exitCode).toBeNull();
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('says what is missing', async () => {
  rmSync(join(root, 'prisma/.env'));
  const child = start();
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(output).toContain('prisma/.env has no DATABASE_ADMIN_URL: run "npm run setup"');
});
