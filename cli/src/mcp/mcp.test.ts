import { randomUUID } from 'node:crypto';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { Client as Database } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { commandTable } from '../command-table.ts';
import { administrator, longMs, meshProgram, startAuth, type RunningAuth } from '../testing/running-auth.ts';
import { startDashboard, type RunningDashboard } from '../testing/running-dashboard.ts';

// The server as a client of the protocol starts it, against a real auth process and its dashboard.

let auth: RunningAuth;
let dashboard: RunningDashboard;
let client: Client;
beforeAll(async () => {
  const otlpPort = await findFreePort();
  auth = await startAuth({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${otlpPort}` });
  dashboard = await startDashboard(auth, otlpPort);
  client = await connect(environment());
}, longMs);
afterAll(async () => {
  await client?.close();
  await dashboard?.[Symbol.asyncDispose]();
  await auth?.[Symbol.asyncDispose]();
});

/** The request that the dashboard is asked about. */
const requestId = randomUUID();

function environment(): Record<string, string> {
  return {
    ...auth.environment(),
    DASHBOARD_SERVICE_URL: dashboard.url,
    AUTH_DATABASE_URL: auth.database.url('auth'),
    AUTH_DATABASE_OWNER_URL: auth.database.ownerUrl('auth'),
    // In a setting, as a secret of this checkout.
    SERVICE_TOKEN: 'a secret that must stay here',
  };
}

async function connect(env: Record<string, string>): Promise<Client> {
  const connected = new Client({ name: 'test', version: '1.0.0' });
  await connected.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [meshProgram, 'mcp'],
      env,
      stderr: 'inherit',
    }),
  );
  return connected;
}

async function use(name: string, args: Record<string, unknown> = {}) {
  const { content, isError = false } = await client.callTool({ name, arguments: args }, { timeout: longMs });
  const [first] = content as { text: string }[];
  return { text: first?.text ?? '', isError };
}

/** An input of each tool, and what its answer has. Add new tools here. */
const uses: Record<string, [Record<string, unknown>, RegExp]> = {
  status: [{}, /"name":"auth"/],
  doctor: [{ category: ['machine', 'services'] }, /"services\.down"/],
  trace: [{ id: requestId }, /"traceId": /],
  logs: [{ service: 'auth', request: requestId, lines: 1 }, /"message":"a user logged in"/],
  call: [{ procedure: 'auth.keys.list' }, /"state":"active"/],
  user_list: [{ search: 'root', limit: 1 }, /"email": "root@example.com"/],
  user_show: [{ user: administrator.ADMIN_EMAIL }, /"sessions": \{/],
  audit: [{ action: 'session.login', since: '1h' }, /"event": "session.login"/],
  token_list: [{ service: 'auth' }, /^\[/],
  key_list: [{}, /"origin": "environment"/],
  outbox_list: [{ service: 'auth' }, /^\[\]$/],
  contract_openapi: [{ service: 'auth' }, /"openapi": "3.1/],
  db_status: [{ service: 'auth' }, /"reachable": true/],
};

test('the tools are the commands marked as read-only, with schemas, and say that they change nothing', async () => {
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name).toSorted()).toEqual(Object.keys(uses).toSorted());
  for (const { description, inputSchema, annotations } of tools) {
    expect(description).toMatch(/\S/);
    expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(annotations).toMatchObject({ readOnlyHint: true });
    const properties = Object.keys(inputSchema.properties ?? {});
    for (const never of ['json', 'watch', 'follow', 'write', 'data', 'queriesOnly'])
      expect(properties).not.toContain(never);
  }
  const audit = tools.find(({ name }) => name === 'audit');
  expect(audit?.inputSchema.properties).toMatchObject({
    action: { enum: expect.arrayContaining(['key.rotated']) },
  });
});

beforeAll(async () => {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = administrator;
  const { status } = await fetch(`${auth.url}/trpc/sessions.login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': requestId },
    body: JSON.stringify({ email, password }),
  });
  if (status !== 200) throw new Error(`sessions.login was answered with ${status}`);
  const shows = async (name: string, input: Record<string, unknown>) =>
    (await use(name, input)).text.includes(requestId);
  // Traces and log lines are sent a second or so after the call.
  await vi.waitUntil(
    async () => (await shows('trace', { id: requestId })) && (await shows('logs', { request: requestId })),
    { timeout: longMs, interval: 500 },
  );
}, longMs);

test.each(Object.entries(uses))(
  '%s answers with the JSON of its command, without secrets',
  async (name, [input, wanted]) => {
    const { text, isError } = await use(name, input);
    expect(isError, text).toBe(false);
    expect(text).toMatch(wanted);
    expect(() => JSON.parse(text) as unknown).not.toThrow();
    expect(text).not.toMatch(/eyJ[\w-]+\./);
    expect(text).not.toContain(administrator.ADMIN_PASSWORD);
  },
  longMs,
);

test(
  'all tools share one session, which ends with the server',
  async () => {
    const database = new Database(auth.database.ownerUrl('auth'));
    await database.connect();
    const sessions = async () => {
      const active = 'SELECT count(*)::int AS n FROM auth.sessions WHERE ended_at IS NULL';
      return (await database.query<{ n: number }>(active)).rows[0]?.n ?? -1;
    };
    const own = await connect(environment());
    const before = await sessions();
    for (const procedure of ['auth.users.me', 'auth.sessions.list'])
      await own.callTool({ name: 'call', arguments: { procedure } }, { timeout: longMs });
    expect(await sessions()).toBe(before + 1);
    await own.close();
    await expect.poll(sessions, { timeout: 30_000, interval: 200 }).toBe(before);
    await database.end();
  },
  longMs,
);

const commands = Object.entries(commandTable).flatMap(([name, entry]) =>
  'commands' in entry ? Object.keys(entry.commands).map((second) => `${name}_${second}`) : [name],
);

test('no other command can be reached', async () => {
  const others = [...commands.filter((name) => !(name in uses)), 'user', 'token_list --write', '', 'nosuch'];
  expect(others).toEqual(expect.arrayContaining(['token_issue', 'user_create', 'db_shell', 'mcp']));
  for (const name of others) {
    const answer = await client.callTool({ name, arguments: {} }).catch((error: Error) => error);
    if (!(answer instanceof Error)) expect(answer).toMatchObject({ isError: true });
  }
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ['call', { procedure: 'auth.keys.rotate' }, /only queries are allowed here, and nothing was sent/],
  ['call', { procedure: 'auth.revocations.watch' }, /only queries are allowed here/],
  ['call', { procedure: 'auth.sesions.list' }, /Did you mean auth\.sessions\.list/],
  ['call', { procedure: 'auth.keys.list', data: '@/etc/passwd' }, /data/],
  ['call', { procedure: 'auth.users.list', input: '--data=@/etc/passwd' }, /not JSON/],
  ['call', { procedure: '--version' }, /There is no service "--version"/],
  ['call', {}, /procedure/],
  ['token_list', { service: '--write' }, /not a valid service name/],
  ['token_list', { service: 'nosuch' }, /There is no service "nosuch"\. Choose from: /],
  ['user_show', { user: '--email=x@example.com' }, /email Invalid email address/],
  ['db_status', { service: '--help' }, /There is no service with a database "--help"/],
  ['audit', { action: 'nosuch' }, /action/],
  ['logs', { follow: true }, /follow/],
  ['logs', { service: 'auth', lines: '--follow' }, /It must be a number/],
  ['trace', { id: '--help' }, /holds no trace of the request or trace "--help"/],
  ['doctor', { only: ['nosuch.check'] }, /There is no check "nosuch\.check"/],
])(
  '%s with %j is an error that says why',
  async (name, input, message) => {
    const { text, isError } = await use(name, input).catch((error: Error) => ({
      text: error.message,
      isError: true,
    }));
    expect({ isError, text }).toEqual({ isError: true, text: expect.stringMatching(message) });
  },
  longMs,
);

test(
  'a query whose answer has a token or a secret of the settings has them hidden',
  async () => {
    const token = await auth.identity.serviceToken('wiki');
    const { email } = JSON.parse((await use('call', { procedure: 'auth.users.me' })).text) as {
      email: string;
    };
    expect(email).toBe(administrator.ADMIN_EMAIL);
    const echoed = await use('audit', { subject: `${token} a secret that must stay here` });
    expect(echoed.text).not.toContain(token);
    const unknown = await use('token_list', { service: 'a secret that must stay here' });
    expect(unknown.isError).toBe(true);
    expect(unknown.text).not.toContain('must stay here');
    const failed = await use('user_show', { user: token });
    expect(failed.text).toContain('"[token]" is neither');
  },
  longMs,
);

test(
  'a wrong password is tried once by the server, and every tool says what is wrong',
  async () => {
    const other = await connect({ ...environment(), ADMIN_PASSWORD: 'the wrong password' });
    const answer = await other.callTool({ name: 'key_list', arguments: {} }, { timeout: longMs });
    expect(answer).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('does not know root@example.com') }],
    });
    await other.close();
  },
  longMs,
);
