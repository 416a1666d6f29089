import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Client as Database } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { longMs, meshProgram, startAuth, type RunningAuth } from '../testing/running-auth.ts';

// A user has a limited number of sessions: a command that left its own open would end another one.

let auth: RunningAuth;
let database: Database;
beforeAll(async () => {
  auth = await startAuth({ METRICS_ACCESS: 'token' });
  database = new Database(auth.database.ownerUrl('auth'));
  await database.connect();
}, longMs);
afterAll(async () => {
  await database?.end();
  await auth?.[Symbol.asyncDispose]();
});

/** All sessions that ever began, and those that have not ended. */
async function sessions(): Promise<{ begun: number; open: number }> {
  const { rows } = await database.query<{ begun: number; open: number }>(
    'SELECT count(*)::int AS begun, (count(*) FILTER (WHERE ended_at IS NULL))::int AS open FROM auth.sessions',
  );
  return rows[0] ?? { begun: -1, open: -1 };
}

const email = 'ann@example.com';
const password = 'a password of ann';

test.each<[string[], number, Record<string, string>?]>([
  [['user', 'create', email, '--name', 'Ann'], 0],
  [['user', 'list'], 0],
  [['audit', '--since', '1h'], 0],
  [['token', 'list'], 0],
  [['key', 'list'], 0],
  [['outbox', 'list', '--service', 'auth'], 0],
  [['call', 'auth.users.me'], 0],
  // The address of notification is not known.
  [['can-i-deploy', 'auth', '--to', 'mesh-test'], 2],
  [['user', 'show', 'nosuch@example.com'], 1],
  [['outbox', 'drop', 'auth:42'], 1],
  // The dashboard does not run.
  [['logs', '--url', 'dashboard=http://127.0.0.1:59'], 1],
  // Logged in, and then refused: not an administrator.
  [['--email', email, 'user', 'list'], 1, { MESH_PASSWORD: password }],
])(
  '%j ends with %i and leaves no session',
  async (words, code, own) => {
    const { begun } = await sessions();
    const input = `${password}\n`;
    const outcome = await auth.mesh(words, own ? { environment: own, input } : { input });
    expect(outcome, outcome.err).toMatchObject({ code });
    expect(await sessions()).toEqual({ begun: begun + 1, open: 0 });
  },
  longMs,
);

test.each<[NodeJS.Signals, number, string[]]>([
  ['SIGINT', 130, ['top', '--json', '--interval', '0.2']],
  ['SIGTERM', 143, ['audit', '--follow']],
  ['SIGHUP', 129, ['audit', '--follow']],
  // It listens itself, to end well.
  ['SIGINT', 0, ['audit', '--follow', '--json']],
])(
  'on %s a command ends with %i and leaves no session',
  async (signal, code, words) => {
    const { begun } = await sessions();
    const child = spawn(process.execPath, [meshProgram, ...words], {
      env: auth.environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    // What it prints first it has read with its session.
    await once(child.stdout, 'data');
    expect(await sessions()).toEqual({ begun: begun + 1, open: 1 });
    child.kill(signal);
    expect(await ended).toEqual([code, null]);
    expect(await sessions()).toEqual({ begun: begun + 1, open: 0 });
  },
  longMs,
);
