import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyToken } from '@arcadium/mesh/identity';
import { createTestIdentity, silentLogger, type TestIdentity } from '@arcadium/mesh/testing';
import { openDatabase } from '@arcadium/postgres/database';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { PrismaClient } from '@arcadium/prisma/auth';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { root } from './workspace.ts';

// Runs the command as a user would, against a real auth process.

const administrator = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'the first administrator' };

/** Each command is a process, possibly on a busy machine. */
const longMs = 90_000;

let identity: TestIdentity;
let database: TestDatabase;
let auth: ChildProcess;
let url: string;
/** Node's compile cache (vitest.config.ts): each command is a process. */
const { NODE_COMPILE_CACHE, NODE_COMPILE_CACHE_PORTABLE } = process.env;
const stateDir = mkdtempSync(join(tmpdir(), 'arcadium-mesh-'));
beforeAll(async () => {
  identity = await createTestIdentity();
  database = await createTestDatabase(['auth']);
  url = `http://127.0.0.1:${await findFreePort()}`;
  auth = spawn(process.execPath, [join(root, 'services/auth/src/main.ts')], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE,
      NODE_COMPILE_CACHE_PORTABLE,
      ENVIRONMENT: 'mesh-test',
      AUTH_SERVICE_URL: url,
      RATE_LIMIT_CALLS: '0',
      STATE_DIR: stateDir,
      SERVICE_TOKEN: await identity.serviceToken('auth'),
      DATABASE_URL: database.url('auth'),
      DATABASE_OWNER_URL: database.ownerUrl('auth'),
      SIGNING_KEYS: JSON.stringify({ keys: [identity.jwk] }),
      ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
      ...administrator,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await vi.waitFor(async () => {
    const { status } = await fetch(`${url}/readyz`);
    if (status !== 200) throw new Error(`Auth is not ready: ${status}`);
  });
});
afterAll(async () => {
  const ended = once(auth, 'exit');
  auth.kill('SIGTERM');
  await ended;
  await database.drop();
  rmSync(stateDir, { recursive: true });
});

type Outcome = { code: number; out: string; err: string };

/** Runs a command. */
function mesh(
  words: readonly string[],
  environment: Record<string, string> = administrator,
): Promise<Outcome> {
  const env = {
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE,
    NODE_COMPILE_CACHE_PORTABLE,
    ENVIRONMENT: 'mesh-test',
    AUTH_SERVICE_URL: url,
    ...environment,
  };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, 'cli/src/mesh.ts'), ...words],
      { env },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
    child.stdin?.end();
  });
}

/** Runs a command that must succeed. */
async function done(...words: string[]): Promise<string> {
  const { code, out, err } = await mesh(words);
  expect(code, err).toBe(0);
  return out.trim();
}

test(
  'a token is issued, listed, rotated and revoked',
  async () => {
    const token = await done('token', 'issue', 'wiki');
    const { claims } = await verifyToken('service', token, { keys: identity.keys });
    expect(claims).toMatchObject({ service_name: 'wiki' });
    const listed = JSON.parse(await done('token', 'list', '--service', 'wiki', '--json')) as unknown;
    expect(listed).toMatchObject([{ tokenId: claims.jti, origin: 'issued', revokedAt: null }]);
    const next = await done('token', 'rotate', claims.jti);
    expect(next).not.toBe(token);
    expect(await done('token', 'rotate', claims.jti)).toBe(next);
    const { claims: successor } = await verifyToken('service', next, { keys: identity.keys });
    expect(await done('token', 'revoke', claims.jti)).toBe(claims.jti);
    expect(await done('token', 'revoke', '--service', 'wiki')).toBe(successor.jti);
    expect(await done('token', 'list')).toMatch(/^service +tokenId .*\n─+/);
  },
  longMs,
);

test(
  'the next key is made once',
  async () => {
    const kid = await done('key', 'rotate');
    expect(JSON.parse(await done('key', 'list', '--json'))).toMatchObject([
      { kid, state: 'published', origin: 'made' },
      { kid: identity.jwk.kid, state: 'active', origin: 'environment' },
    ]);
    const again = await mesh(['key', 'rotate']);
    expect(again).toMatchObject({ code: 1, out: '' });
    expect(again.err).toContain('NEXT_KEY_WAITS');
    await done('key', 'withdraw', kid);
    expect(await done('key', 'list')).not.toContain(kid);
  },
  longMs,
);

test(
  'a notification that was given up is listed, retried and dropped',
  async () => {
    const own = openDatabase({
      url: database.url('auth'),
      schema: 'auth',
      client: PrismaClient,
      log: silentLogger,
    });
    const id = randomUUID();
    await own.pool.query(
      `INSERT INTO auth.notification_outbox (id, user_ids, topic, title, body, link)
       VALUES ($1, ARRAY[$1::uuid], 'security', 'Title', 'Body', '/')`,
      [id],
    );
    const giveUp = () =>
      own.pool.query<{ id: string }>(
        `UPDATE auth.notification_deliveries SET failed_at = now(), last_error = 'CONFLICT: no'
         WHERE message_id = $1 RETURNING id`,
        [id],
      );
    const { rows } = await giveUp();
    const given = `auth:${rows[0]?.id}`;
    const only = ['--service', 'auth'];
    expect(JSON.parse(await done('outbox', 'list', ...only, '--json'))).toMatchObject([
      { id: given, userId: id, title: 'Title', error: 'CONFLICT: no' },
    ]);
    const unknown = await mesh(['outbox', 'retry', 'auth:0', ...only]);
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(unknown.err).toContain(
      `There is no notification that was given up "auth:0". Choose from: ${given}.`,
    );
    expect(await done('outbox', 'retry', given, ...only)).toBe('1');
    await giveUp();
    expect(await done('outbox', 'drop', '--all', ...only)).toBe('1');
    expect(JSON.parse(await done('outbox', 'list', ...only, '--json'))).toEqual([]);
    await own.close();
  },
  longMs,
);

test.each<[string, string[], Record<string, string>, string]>([
  [
    'a wrong password',
    ['key', 'list'],
    { ...administrator, ADMIN_PASSWORD: 'another password' },
    'does not know',
  ],
  ['nobody', ['key', 'list'], {}, '--email'],
  ['no password', ['--email', 'root@example.com', 'key', 'list'], {}, 'No password was given'],
  [
    'an id that is none',
    ['token', 'rotate', 'unknown'],
    administrator,
    'There is no token "unknown". Choose from: ',
  ],
  ['what is no id', ['token', 'revoke', 'xyz'], administrator, 'There is no token "xyz". Choose from: '],
  ['an id of nothing', ['token', 'revoke', randomUUID()], administrator, 'add --unseen'],
  [
    'what is no id, unseen',
    ['token', 'revoke', 'xyz', '--unseen'],
    administrator,
    '"xyz" is not the id of a token',
  ],
  ...[
    ['token', 'issue', 'nosuch'],
    ['token', 'issue', 'nosuch', '--write', '--new'],
    ['token', 'list', '--service', 'nosuch'],
    ['token', 'rotate', '--service', 'nosuch'],
    ['token', 'revoke', '--service', 'nosuch'],
  ].map((words): [string, string[], Record<string, string>, string] => [
    `a service that does not exist (${words.join(' ')})`,
    words,
    administrator,
    'There is no service "nosuch". Choose from: auth, dashboard, notification, wiki.',
  ]),
  [
    'a key that does not exist',
    ['key', 'withdraw', 'nosuch'],
    administrator,
    'There is no key "nosuch". Choose from: ',
  ],
  ['both a token and a service', ['token', 'rotate', 'x', '--service', 'wiki'], administrator, '--service'],
  ['a token for an id', ['token', 'rotate', 'a.b.c'], administrator, 'not its id'],
  ['neither a token nor a service', ['token', 'revoke'], administrator, '--service'],
  [
    'a notification that was not given up',
    ['outbox', 'retry', 'auth:999'],
    { ...administrator, WIKI_SERVICE_URL: 'http://127.0.0.1:9' },
    'The outbox of auth or wiki could not be used',
  ],
  ['neither a notification nor all', ['outbox', 'drop'], administrator, 'or --all'],
  [
    'a service without an outbox',
    ['outbox', 'list', '--service', 'notification'],
    administrator,
    'There is no service with an outbox "notification". Choose from: auth, wiki.',
  ],
  ['a name that is none', ['token', 'issue', 'No Name'], administrator, 'is not a valid service name'],
  [
    'an auth that is down',
    ['key', 'list'],
    { ...administrator, AUTH_SERVICE_URL: 'http://127.0.0.1:9' },
    'http://127.0.0.1:9',
  ],
])('%s is said in a line, with exit code 1', async (_what, words, environment, message) => {
  const { code, out, err } = await mesh(words, environment);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain(message);
  expect(err.trim().split('\n')).toHaveLength(1);
  expect(err).not.toMatch(/[{}]/);
});

test(
  'what is not known here is meant only where that is said',
  async () => {
    expect(await mesh(['token', 'issue', 'elsewhere'])).toMatchObject({ code: 1, out: '' });
    expect(await mesh(['token', 'list', '--service', 'elsewhere'])).toMatchObject({ code: 1, out: '' });
    const token = await done('token', 'issue', 'elsewhere', '--new');
    const { claims } = await verifyToken('service', token, { keys: identity.keys });
    const listed = JSON.parse(await done('token', 'list', '--service', 'elsewhere', '--json')) as unknown;
    expect(listed).toMatchObject([{ tokenId: claims.jti, service: 'elsewhere' }]);
    expect((await mesh(['token', 'revoke', 'xyz'])).err).toContain(`${claims.jti} (elsewhere)`);
    const unseen = randomUUID();
    expect(await done('token', 'revoke', unseen, '--unseen')).toBe(unseen);
    // The service exists, but has no valid token left: nothing to do is not a failure.
    await done('token', 'revoke', '--service', 'elsewhere');
    expect(await mesh(['token', 'revoke', '--service', 'elsewhere'])).toMatchObject({ code: 0, out: '' });
  },
  longMs,
);

test('an administrator named by --email, with a password from the environment', async () => {
  const { ADMIN_EMAIL, ADMIN_PASSWORD } = administrator;
  const { code, out } = await mesh(['key', 'list', '--email', ADMIN_EMAIL], {
    MESH_PASSWORD: ADMIN_PASSWORD,
  });
  expect(code).toBe(0);
  expect(out).toContain(identity.jwk.kid);
});

test(
  'a procedure is called by the description that the service gives',
  async () => {
    const listed = JSON.parse(await done('call', 'auth', '--json')) as { procedure: string }[];
    expect(listed.map((one) => one.procedure)).toContain('auth.sessions.login');
    const issued = await done('call', 'auth.serviceTokens.issue', '--data', '{"service":"wiki"}');
    const { token } = JSON.parse(issued) as { token: string };
    const { claims } = await verifyToken('service', token, { keys: identity.keys });
    expect(claims).toMatchObject({ service_name: 'wiki' });
    const answer = await done('call', 'auth.serviceTokens.list', '{"limit":1}', '--json');
    expect(JSON.parse(answer)).toMatchObject({ items: [{ service: expect.any(String) }] });
  },
  longMs,
);

test.each([
  [['auth.sesions.login'], 'Did you mean auth.sessions.login?'],
  [['auht.sessions.login'], 'There is no service "auht". Choose from: auth.'],
  [['auth.serviceTokens.list', '{"limit":"one"}'], 'nothing was sent: limit'],
  [['auth.serviceTokens.list', '{limit:1}'], 'The input is not JSON'],
  [['auth.serviceTokens.list', '{}', '--as', 'anyone'], 'It is for administrators, or any service; see --as'],
  [['auth.serviceTokens.list', '{}', '--as', 'nobody-here'], 'There is no service "nobody-here"'],
  [['auth.serviceTokens.revoke', '{"tokenId":"x"}', '--watch'], '--watch is for queries'],
])(
  'call %j is refused in a line',
  async (words, message) => {
    const { code, out, err } = await mesh(['call', ...words]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
    expect(err.trim().split('\n')).toHaveLength(1);
  },
  longMs,
);

test(
  'status and wait end with 0 only if all are healthy',
  async () => {
    const health = { status: 'healthy', database: 'connected', dependencies: {} };
    const stand = createServer((_request, response) => void response.end(JSON.stringify(health)));
    await once(stand.listen(0, '127.0.0.1'), 'listening');
    const { port } = stand.address() as AddressInfo;
    const up = { AUTH_SERVICE_URL: `http://127.0.0.1:${port}` };
    const down = { AUTH_SERVICE_URL: 'http://127.0.0.1:9' };
    expect(await mesh(['status'], up)).toMatchObject({ code: 0, out: expect.stringContaining('healthy') });
    expect(await mesh(['status'], down)).toMatchObject({ code: 1, out: expect.stringContaining('down') });
    expect(await mesh(['wait', '--timeout', '0.1'], down)).toMatchObject({ code: 1 });
    expect(await mesh(['wait', '--timeout', '10', '--json'], up)).toMatchObject({ code: 0 });
    stand.close();
  },
  longMs,
);
