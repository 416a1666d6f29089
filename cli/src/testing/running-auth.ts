import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestIdentity, type TestIdentity } from '@arcadium/mesh/testing';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { vi } from 'vitest';
import { root } from '../workspace.ts';

/** The administrator of the auth process. */
export const administrator = {
  ADMIN_EMAIL: 'root@example.com',
  ADMIN_PASSWORD: 'the first administrator',
};

/** Time for a test of several commands: each is a process, possibly on a busy machine, in milliseconds. */
export const longMs = 90_000;

/** What a command printed, and its exit code. */
export type Outcome = { code: number; out: string; err: string };

/** How a command is run. */
export interface RunOptions {
  /** @default the administrator */
  environment?: Record<string, string>;
  /** Standard input. @default none */
  input?: string;
}

/** An auth process with its database, and the command line for it. */
export interface RunningAuth extends AsyncDisposable {
  readonly url: string;
  readonly identity: TestIdentity;
  readonly database: TestDatabase;
  /** The environment of a command, with the given variables. */
  environment(more?: Record<string, string>): Record<string, string>;
  /** Runs a command. */
  mesh(words: readonly string[], options?: RunOptions): Promise<Outcome>;
}

/** The program of the command line. */
export const meshProgram: string = join(root, 'cli/src/mesh.ts');

const { NODE_COMPILE_CACHE = '', NODE_COMPILE_CACHE_PORTABLE = '' } = process.env;

/** Starts auth as a process, on a database of its own. @param settings In addition to those it needs. */
export async function startAuth(settings: Record<string, string> = {}): Promise<RunningAuth> {
  const identity = await createTestIdentity();
  const database = await createTestDatabase(['auth']);
  const url = `http://127.0.0.1:${await findFreePort()}`;
  const stateDir = mkdtempSync(join(tmpdir(), 'arcadium-mesh-'));
  const common = {
    PATH: process.env['PATH'] ?? '',
    // The compile cache of the tests (vitest.config.ts): each command is a process.
    NODE_COMPILE_CACHE,
    NODE_COMPILE_CACHE_PORTABLE,
    ENVIRONMENT: 'mesh-test',
    AUTH_SERVICE_URL: url,
  };
  const auth = spawn(process.execPath, [join(root, 'services/auth/src/main.ts')], {
    env: {
      ...common,
      RATE_LIMIT_CALLS: '0',
      STATE_DIR: stateDir,
      SERVICE_TOKEN: await identity.serviceToken('auth'),
      DATABASE_URL: database.url('auth'),
      DATABASE_OWNER_URL: database.ownerUrl('auth'),
      SIGNING_KEYS: JSON.stringify({ keys: [identity.jwk] }),
      ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
      ...administrator,
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await ready(url);
  const environment = (more: Record<string, string> = administrator) => ({ ...common, ...more });
  return {
    url,
    identity,
    database,
    environment,
    mesh: (words, { environment: more, input } = {}) => runMesh(words, environment(more), input),
    async [Symbol.asyncDispose]() {
      await endOf(auth);
      await database.drop();
      rmSync(stateDir, { recursive: true });
    },
  };
}

/** Waits until a service is ready. */
export async function ready(url: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const { status } = await fetch(`${url}/readyz`);
      if (status !== 200) throw new Error(`${url} is not ready: ${status}`);
    },
    { timeout: longMs, interval: 100 },
  );
}

/** Runs a command to its end. */
export function runMesh(
  words: readonly string[],
  env: Record<string, string>,
  input?: string,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [meshProgram, ...words], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
    child.stdin?.end(input);
  });
}

/** Ends a process. */
export async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
