import { execFile, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findDashboardPorts, startDashboard, type TestDashboard } from './src/dashboard.ts';
import { copyDatabase } from './src/database.ts';
import { serviceNames, startMesh, until, type TestMesh } from './src/mesh.ts';
import { compileCacheOf, root, watchProcess, type RunningProcess } from './src/process.ts';

// The windows of the command line, as a user opens them, on a real mesh with its dashboard.

const administrator = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: randomUUID() };

let mesh: TestMesh;
let dashboard: TestDashboard;

beforeAll(async () => {
  const ports = await findDashboardPorts();
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports.otlpPort}`, ...administrator };
  mesh = await startMesh(settings, await copyDatabase(serviceNames));
  dashboard = await startDashboard(mesh, ports);
  await until(
    async () => (await fetch(`${dashboard.url}/readyz`).catch(() => undefined))?.ok === true,
    'it is ready',
  );
});
afterAll(async () => {
  await dashboard?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

function environment(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  const urls = serviceNames.map((name) => [`${name.toUpperCase()}_SERVICE_URL`, mesh.url(name)]);
  return {
    PATH,
    HOME,
    ...compileCacheOf(root),
    ENVIRONMENT: 'e2e',
    DASHBOARD_SERVICE_URL: dashboard.url,
    ...Object.fromEntries(urls),
    ...administrator,
  };
}

const script = join(root, 'cli/src/mesh.ts');

/** Runs a command to its end. */
function run(words: readonly string[], own: Record<string, string> = {}) {
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const env = { ...environment(), ...own };
    execFile(process.execPath, [script, ...words], { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    ).stdin?.end();
  });
}

/** Starts a command that goes on. */
function start(...words: string[]): RunningProcess {
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  return watchProcess(spawn(process.execPath, [script, ...words], { env: environment(), stdio: [...stdio] }));
}

/** The lines of JSON that a command has written. */
function rows<Row>(running: RunningProcess): Row[] {
  return running
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Row);
}

const listPages = (headers: Record<string, string> = {}) =>
  fetch(`${mesh.url('wiki')}/trpc/pages.list`, { headers });
const getNoPage = (headers: Record<string, string>) =>
  fetch(`${mesh.url('wiki')}/trpc/pages.get?input=${encodeURIComponent('{"slug":"no-such-page"}')}`, {
    headers,
  });

test('top counts the calls that are made, by procedure and caller', async () => {
  await using top = start('top', '--json', '--interval', '1');
  type Row = {
    service: string;
    procedure: string;
    caller: string;
    success: number;
    p50: number;
    rate: number;
  };
  const shown = () => rows<{ calls: Row[]; unread: unknown[] }>(top);
  await until(
    async () => {
      await listPages();
      return shown().some(({ calls }) => calls.some(({ procedure }) => procedure === 'pages.list'));
    },
    'top shows the calls',
    () => top.output(),
  );
  const row = shown()
    .flatMap(({ calls }) => calls)
    .find(({ procedure }) => procedure === 'pages.list');
  expect(row).toMatchObject({ service: 'wiki', caller: 'anyone', success: 1 });
  expect(row?.rate).toBeGreaterThan(0);
  expect(row?.p50).toBeGreaterThan(0);
  expect(shown().every(({ unread }) => unread.length === 0)).toBe(true);
});

test('top prints a table where there is no terminal, and says which service does not answer', async () => {
  const { code, out } = await run(['top', '--once', '--interval', '0.2'], {
    AUTH_SERVICE_URL: 'http://127.0.0.1:59',
  });
  expect(code).toBe(0);
  expect(out).toMatch(/^\S+ calls\/s · 3 of 4 processes · /);
  expect(out).toContain('auth at http://127.0.0.1:59: connect ECONNREFUSED 127.0.0.1:59');
  expect(out).not.toContain('\u001B');
  const nowhere = Object.fromEntries(
    ['AUTH', 'DASHBOARD', 'NOTIFICATION', 'WIKI'].map((name) => [
      `${name}_SERVICE_URL`,
      'http://127.0.0.1:59',
    ]),
  );
  const none = await run(['top', '--interval', '0.2'], nowhere);
  expect(none).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('No service answers: auth at'),
  });
});

const noPty = !process.env['CI'] && spawnSync('script', ['--version']).status !== 0;

describe.skipIf(noPty)('on a terminal (skipped where util-linux has no "script")', () => {
  /** Runs top on a terminal of its own. */
  function onTerminal() {
    const command = `stty cols 90 rows 20; exec '${process.execPath}' '${script}' top --interval 0.3`;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...environment(), SHELL: '/bin/sh', TERM: 'xterm', NO_COLOR: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return { child, running: watchProcess(child) };
  }
  const drawn = (running: RunningProcess) =>
    until(
      () => running.output().includes('by rate'),
      'top has drawn',
      () => running.output(),
    );

  test.each([
    ['q', 'q', 0],
    ['Ctrl-C', '\u0003', 130],
  ])('top redraws in place, and gives the terminal back on %s', async (_name, key, status) => {
    const { child, running } = onTerminal();
    await drawn(running);
    child.stdin?.write('s');
    await until(
      () => running.output().includes('by success'),
      's sorts by the next column',
      () => running.output(),
    );
    child.stdin?.write(key);
    expect(await running.ended).toBe(status);
    const output = running.output();
    expect(output.split('\u001B[?1049h')).toHaveLength(2);
    expect(output.split('\u001B[H').length).toBeGreaterThan(2);
    expect(output.trimEnd().endsWith('\u001B[?25h\u001B[?1049l')).toBe(true);
    // eslint-disable-next-line no-control-regex -- what a colour begins with
    expect(output).not.toMatch(/\u001B\[\d+m/);
  });
});

test('tap shows calls as they end, filtered, and ends after a number of them', async () => {
  await using tap = start('tap', 'wiki', '--procedure', 'pages', '--failed', '--count', '2', '--json');
  await until(
    () => tap.output().includes('Calls of wiki at'),
    'it watches',
    () => tap.output(),
  );
  await listPages();
  const requestId = randomUUID();
  await getNoPage({ 'x-request-id': requestId });
  await getNoPage({});
  expect(await tap.ended).toBe(0);
  expect(rows(tap)).toMatchObject([
    { procedure: 'pages.get', caller: 'anyone', code: 'NOT_FOUND', request_id: requestId },
    { procedure: 'pages.get', trace_id: expect.stringMatching(/^[\da-f]{32}$/) },
  ]);
});

test('tap prints a line for a call, by a service token of the environment too', async () => {
  const SERVICE_TOKEN = await mesh.identity.serviceToken('wiki');
  const tapping = run(['tap', 'wiki', '--count', '1', '--caller', 'anyone'], {
    SERVICE_TOKEN,
    ADMIN_PASSWORD: 'x',
  });
  let ended = false;
  void tapping.finally(() => (ended = true));
  await until(async () => {
    await listPages();
    return ended;
  }, 'it has seen a call');
  const { code, out } = await tapping;
  expect(code).toBe(0);
  expect(out).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} pages\.list +anyone +OK +[\d.]+ ms {2}request \S+ trace \S+\n$/,
  );
});

test.each([
  [['tap', 'notificaton'], 'Did you mean notification?', {}],
  [['tap', 'wiki', '--count', '0'], 'It must be a number, at least 1', {}],
  [
    ['tap', 'wiki'],
    'wiki does not answer: connect ECONNREFUSED',
    { WIKI_SERVICE_URL: 'http://127.0.0.1:59' },
  ],
  [['tap', 'wiki'], 'to administrators and services only', { SERVICE_TOKEN: 'not-a-token' }],
  [['logs', '--since', 'yesterday'], 'It must be 30s, 10m', {}],
  [['logs'], 'It alone holds traces and log lines', { DASHBOARD_SERVICE_URL: 'http://127.0.0.1:59' }],
  [['trace', 'no-such-id'], 'holds no trace of the request or trace "no-such-id"', {}],
  [['top', '--sort', 'colour'], 'Allowed choices are procedure, caller, rate', {}],
])('mesh %j is refused: %s', async (words, message, own) => {
  const { code, out, err } = await run(words, own);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain(message);
});

test('trace shows a request by its id, and by that of its trace, with statements and log lines', async () => {
  const requestId = randomUUID();
  const email = `${randomUUID()}@example.com`;
  const input = JSON.stringify({ email, name: 'ann', password: randomUUID() });
  const answer = await fetch(`${mesh.url('auth')}/trpc/users.register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': requestId },
    body: input,
  });
  expect(answer.status).toBe(200);
  await until(async () => (await run(['trace', requestId])).code === 0, 'the trace has arrived');
  const { out } = await run(['trace', requestId]);
  expect(out).toMatch(/^auth\.users\.register {2}[\d.]+ m?s {2}ok {2}\d{4}-\S+ {2}trace [\da-f]{32}\n/);
  expect(out).toMatch(/^ {2}INSERT users +auth +[\d.]+ ms +█/m);
  const json = JSON.parse((await run(['trace', requestId, '--json'])).out) as {
    trace: { traceId: string; tree: unknown[] };
  };
  expect(json.trace.tree.length).toBeGreaterThan(1);
  expect((await run(['trace', json.trace.traceId])).out).toBe(out);
});

test('logs shows lines of a service by level and request, and follows', async () => {
  const requestId = randomUUID();
  await using following = start('logs', 'auth', '--follow', '--json', '--lines', '1', '--request', requestId);
  await fetch(`${mesh.url('auth')}/trpc/sessions.login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': requestId },
    body: JSON.stringify({ email: administrator.ADMIN_EMAIL, password: administrator.ADMIN_PASSWORD }),
  });
  type Line = { service: string; message: string; requestId: string };
  await until(
    () => rows<Line>(following).length > 0,
    'the line has arrived',
    () => following.output(),
  );
  expect(rows<Line>(following)).toEqual([
    expect.objectContaining({ service: 'auth', message: 'a user logged in', requestId }),
  ]);
  following.signal('SIGINT');
  expect(await following.ended).toBe(0);
  const { out } = await run(['logs', 'auth', '--request', requestId]);
  expect(out).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info +auth +a user logged in procedure=sessions\.login /);
  expect((await run(['logs', 'auth', '--request', requestId, '--level', 'error'])).out).toBe('');
  expect((await run(['logs', 'auth', '--request', requestId, '--since', '2999-01-01'])).out).toBe('');
});

/** Runs a program of a shell, and returns the lines it printed. */
function inShell(shell: string, args: readonly string[], own: Record<string, string> = {}): string[] {
  const { status, stdout, stderr } = spawnSync(shell, args, {
    env: { ...environment(), XDG_CACHE_HOME: cache, ...own },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${shell} ended with ${status}: ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '');
}

const cache = mkdtempSync(join(tmpdir(), 'arcadium-completion-'));
afterAll(() => rmSync(cache, { recursive: true }));

/** What is typed, with the last word unfinished, and what a shell then offers. */
const typed: [string[], string[]][] = [
  [['to'], ['top', 'token']],
  [
    ['token', ''],
    ['issue', 'list', 'rotate', 'revoke'],
  ],
  [
    ['top', '--sort', 'p'],
    ['procedure', 'p50', 'p95', 'p99'],
  ],
  [['logs', '--le'], ['--level']],
  [['tap', 'n'], ['notification']],
  [['call', 'wiki.pages.l'], ['wiki.pages.list']],
];

const missing = (shell: string) =>
  !process.env['CI'] && spawnSync(shell, ['--version']).status !== 0 ? shell : undefined;

describe.skipIf(missing('bash'))('completion in bash (skipped where it is not installed)', () => {
  test.each(typed)('mesh %j', async (words, offered) => {
    const { out } = await run(['completion', 'bash']);
    const text = `${out}
COMP_WORDS=(mesh ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_mesh
printf '%s\n' "\${COMPREPLY[@]}"`;
    expect(inShell('bash', ['-c', text])).toEqual(offered);
  });
});

describe.skipIf(missing('zsh'))('completion in zsh (skipped where it is not installed)', () => {
  test.each(typed)('mesh %j', async (words, offered) => {
    const { out } = await run(['completion', 'zsh']);
    // What zsh's own functions would show.
    const text = `autoload -Uz compinit; compinit -u -d '${cache}/zcompdump'
_describe() { print -rl -- "\${(@)\${(P@)2}%%:*}" }
${out}
words=(mesh ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length + 1}
_mesh`;
    expect(inShell('zsh', ['-f', '-c', text])).toEqual(offered);
  });
});

describe.skipIf(missing('fish'))('completion in fish (skipped where it is not installed)', () => {
  test.each(typed)('mesh %j', async (words, offered) => {
    const { out } = await run(['completion', 'fish']);
    const text = `${out}\ncomplete -C 'mesh ${words.join(' ')}'`;
    const lines = inShell('fish', ['--no-config', '-c', text], { HOME: cache });
    expect(lines.map((line) => line.split('\t')[0]).toSorted()).toEqual(offered.toSorted());
  });
});

test('procedures are completed from the contracts here while their service is down, and without a password', async () => {
  const down = { WIKI_SERVICE_URL: 'http://127.0.0.1:59', ADMIN_PASSWORD: '', XDG_CACHE_HOME: cache };
  const { code, out } = await run(['__complete', 'call', 'wiki.pages.l'], down);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^wiki\.pages\.list\tPages, .*\n$/) });
});
