import { randomUUID } from 'node:crypto';
import { authContract } from '@arcadium/contracts/auth';
import { dashboardContract } from '@arcadium/contracts/dashboard';
import { notificationContract } from '@arcadium/contracts/notification';
import { wikiContract } from '@arcadium/contracts/wiki';
import { entriesOf, type AnyProcedure } from '@arcadium/mesh/contract';
import { TOTP } from 'otpauth';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { example } from '../../contracts/src/example.ts';
import { findDashboardPorts, startDashboard, type TestDashboard } from '../src/dashboard.ts';
import { until } from '../src/mesh.ts';
import { logIn, newAdministrator, newPerson } from '../src/people.ts';
import { blocksOf, runCommands } from '../src/readme.ts';
import { mesh } from './mesh.ts';

// Every example of docs/api, which is what the contracts say, run by a shell against real services.

/** What stands in examples, and what it is here. */
const real = new Map<string, string>();
let dashboard: TestDashboard;
let admin: string;
/** The token of the user who calls. */
let token: string;

beforeAll(async () => {
  const ports = await findDashboardPorts();
  dashboard = await startDashboard(mesh, ports, { PUBLIC_VIEW: 'true', EXPLORER: 'open' });
  await until(
    async () => (await fetch(`${dashboard.url}/readyz`).catch(() => undefined))?.ok === true,
    'it is ready',
  );
  await sendSpan(ports.otlpPort);
  admin = await newAdministrator(mesh);
  const [ann, ben] = await Promise.all([newPerson(mesh, 'Ann'), newPerson(mesh, 'Ben')]);
  token = ann.token;
  real.set(example.user, ann.id).set(example.otherUser, ben.id);
  real.set(example.email, `ann-${randomUUID()}@example.com`);
  real.set(example.otherEmail, `ben-${randomUUID()}@example.com`);
});
afterAll(() => dashboard?.[Symbol.asyncDispose]());

/** The trace that an example asks for. */
async function sendSpan(port: number): Promise<void> {
  const now = `${Date.now()}000000`;
  const span = {
    traceId: example.traceId,
    spanId: '00f067aa0ba902b7',
    name: 'example',
    startTimeUnixNano: now,
  };
  const body = { resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, endTimeUnixNano: now }] }] }] };
  const { status } = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(status).toBe(200);
}

/** A procedure, and what later examples take from the answer to its first example. */
type Step = string | readonly [path: string, after: (answer: never) => void | Promise<void>];

const keep = (name: keyof typeof example, value: string) => void real.set(example[name], value);
const keepId = (name: keyof typeof example) => (answer: { id: string }) => keep(name, answer.id);

interface Tokens {
  accessToken: string;
  refreshToken: string;
}
function keepTokens({ accessToken, refreshToken }: Tokens): void {
  token = accessToken;
  keep('accessToken', accessToken);
  keep('refreshToken', refreshToken);
}
const keepCode = ({ recoveryCodes: [code = ''] }: { recoveryCodes: string[] }) => keep('code', code);

/** In an order in which each finds what it needs. */
const steps: Readonly<Record<string, readonly Step[]>> = {
  auth: [
    ['users.register', keepId('user')],
    ['sessions.login', keepTokens],
    ['sessions.refresh', keepTokens],
    'sessions.list',
    'users.me',
    'users.update',
    ['users.changePassword', () => keep('password', example.newPassword)],
    ['totp.enroll', ({ secret }: { secret: string }) => keep('code', new TOTP({ secret }).generate())],
    ['totp.confirm', keepCode],
    ['totp.renewRecoveryCodes', keepCode],
    'totp.disable',
    'tokens.introspect',
    'users.get',
    'users.getMany',
    'users.list',
    'users.find',
    'users.create',
    'users.setRole',
    'users.disable',
    'users.enable',
    'users.resetSecondFactor',
    'users.endSessions',
    ['serviceTokens.issue', ({ tokenId }: { tokenId: string }) => keep('tokenId', tokenId)],
    'serviceTokens.list',
    'serviceTokens.rotate',
    'serviceTokens.revoke',
    ['keys.rotate', ({ kid }: { kid: string }) => keep('kid', kid)],
    'keys.list',
    'keys.withdraw',
    'revocations.list',
    'revocations.watch',
    'audit.report',
    'audit.list',
    'outbox.list',
    'outbox.retry',
    'outbox.drop',
    ['sessions.logoutAll', logInAgain],
    // Of a session that has ended.
    'sessions.logout',
  ],
  notification: [
    ['notifications.send', keepId('notification')],
    'notifications.sendMany',
    'notifications.sendBatch',
    'notifications.list',
    'notifications.unreadCount',
    'notifications.watch',
    'notifications.markRead',
    'notifications.markAllRead',
    'notifications.markLinkRead',
    ['broadcasts.send', keepId('broadcast')],
    'broadcasts.list',
    'broadcasts.unreadCount',
    'broadcasts.markRead',
    'preferences.set',
    'preferences.get',
  ],
  wiki: [
    ['pages.create', keepId('page')],
    'pages.get',
    'pages.list',
    'pages.tree',
    'pages.update',
    'pages.history',
    'pages.revision',
    'pages.diff',
    'pages.move',
    'pages.revert',
    'pages.watch',
    'pages.unwatch',
    'pages.delete',
    'pages.restore',
    ['comments.create', keepId('comment')],
    'comments.list',
    'comments.update',
    'comments.resolve',
    'comments.delete',
    'links.backlinks',
    'links.broken',
    'links.orphans',
    'search.query',
    'search.suggest',
    'index.list',
    'index.get',
    'outbox.list',
    'outbox.retry',
    'outbox.drop',
  ],
  dashboard: [
    'status.list',
    'status.watch',
    'status.history',
    'status.incidents',
    'explorer.list',
    'explorer.run',
    'explorer.watch',
    'map.get',
    'map.watch',
    'services.get',
    'traces.list',
    'traces.get',
    'logs.list',
    'outbox.list',
    'outbox.retry',
    'outbox.drop',
    ['sessions.login', keepTokens],
    ['sessions.refresh', keepTokens],
    'sessions.logout',
  ],
};

/** The next examples need a session. */
async function logInAgain(): Promise<void> {
  const { token: fresh } = await logIn(mesh, {
    email: real.get(example.email) ?? '',
    password: example.newPassword,
  });
  token = fresh;
}

test.each([authContract, notificationContract, wikiContract, dashboardContract])(
  'each example of $name is answered as the contract says',
  async (contract) => {
    const entries = entriesOf(contract);
    const order = (steps[contract.name] ?? []).map((step) =>
      typeof step === 'string' ? ([step] as const) : step,
    );
    expect(order.map(([path]) => path).toSorted()).toEqual(entries.map(({ path }) => path).toSorted());
    const blocks = blocksOf(`docs/api/${contract.name}.md`);
    for (const [path, after] of order) {
      const procedure = entries.find((one) => one.path === path)?.procedure as AnyProcedure;
      const commands = blocks.filter(({ text }) => text.includes(`/trpc/${path}"`)).map(({ text }) => text);
      expect(commands.length, path).toBe(Math.max(1, procedure.examples?.length ?? 0));
      for (const [index, command] of commands.entries()) {
        const answer = await answerOf(procedure, command);
        expect(procedure.output.safeParse(answer), `${path}: ${JSON.stringify(answer)}`).toMatchObject({
          success: true,
        });
        if (index === 0) await after?.(answer as never);
      }
    }
  },
  120_000,
);

/** Runs a command. @returns The output; of a subscription, its first event. */
async function answerOf(procedure: AnyProcedure, command: string): Promise<unknown> {
  const { alternatives } = procedure.access;
  const forService = alternatives.flatMap(({ services = [] }) => services).includes('wiki') ? 'wiki' : 'auth';
  const env = {
    AUTH_SERVICE_URL: mesh.url('auth'),
    NOTIFICATION_SERVICE_URL: mesh.url('notification'),
    WIKI_SERVICE_URL: mesh.url('wiki'),
    DASHBOARD_SERVICE_URL: dashboard.url,
    USER_TOKEN: alternatives.some(({ user }) => user === 'user') ? token : admin,
    SERVICE_TOKEN: await mesh.identity.serviceToken(forService),
  };
  const known = new RegExp([...real.keys()].join('|'), 'g');
  const here = command.trim().replaceAll(known, (value) => real.get(value) ?? value);
  if (procedure.kind !== 'subscription') {
    const lines = await runCommands(here, { env });
    return (JSON.parse(lines.join('\n')) as { result: { data: unknown } }).result.data;
  }
  // It goes on until it is ended.
  const lines = await runCommands(`${here} \\\n  --max-time 5 || test $? -eq 28`, { env });
  for (const event of lines.join('\n').split('\n\n')) {
    const [, data] = /^data: (.*)$/m.exec(event) ?? [];
    if (data !== undefined && !/^event: /m.test(event)) return JSON.parse(data);
  }
  throw new Error(`No event came: ${lines.join('\n')}`);
}
