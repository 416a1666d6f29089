import { findFreePort } from '@arcadium/postgres/testing-cluster';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { admitted } from './src/access/admitted.ts';
import { people, testCallers, verdictOn, type TestCaller } from './src/access/callers.ts';
import { callAll, callByHttp, callBySocket, type BareCall, type Outcome } from './src/bare-calls.ts';
import { databaseState } from './src/database-state.ts';
import { everyProcedure, type ServiceProcedure } from './src/every-procedure.ts';
import type { Holdings } from './src/hostile/http-call.ts';
import { rightInput } from './src/hostile/right-input.ts';
import { serviceNames, startMesh, until, type TestMesh } from './src/mesh.ts';
import { startNode } from './src/process.ts';

let mesh: TestMesh;
let callers: readonly TestCaller[];

/** Ids of nothing: a refused caller must not get far enough to notice. */
const holdings: Holdings = {
  user: '',
  admin: '',
  service: '',
  pageId: '0190a5d0-ac96-774b-bcce-b302099a8059',
  commentId: '0190a5d0-ac96-774b-bcce-b302099a805a',
  userId: people.user,
};

/** Fits no procedure: admitted callers are refused for this, so nothing is done. */
const noInput = '"this is no input of any procedure"';

/** Rightly written by refused calls. */
const written = ['auth.audit_log'];

beforeAll(async () => {
  mesh = await startMesh({ RATE_LIMIT_CALLS: '0' });
  callers = await testCallers(mesh.identity);
  // Services record a caller when they first see it; that must be done before the tables are compared.
  for (const caller of callers) await walk(caller, { by: 'HTTP', procedures: firstOfEach });
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

const firstOfEach = serviceNames.flatMap((name) =>
  everyProcedure.filter(({ service }) => service === name).slice(0, 1),
);

interface Cell {
  readonly caller: TestCaller;
  readonly procedure: ServiceProcedure;
  readonly expected: 200 | 401 | 403;
  readonly outcome: Outcome;
}

/**
 * Makes every call as one caller: with a valid input where it must be refused, so that nothing else refuses
 * it, otherwise with an invalid one.
 */
async function walk(
  caller: TestCaller,
  { by, procedures }: { by: 'HTTP' | 'WebSocket'; procedures: readonly ServiceProcedure[] },
): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const name of serviceNames) {
    const own = procedures.filter(({ service }) => service === name);
    const expected = own.map((one) => verdictOn(caller, admitted[name][one.path] ?? []));
    const calls = own.map((procedure, index): BareCall => ({
      procedure,
      input: expected[index] === 200 ? noInput : (JSON.stringify(rightInput(procedure, holdings)) ?? ''),
    }));
    const connect = by === 'HTTP' ? callByHttp : callBySocket;
    await using connected = await connect(mesh.url(name), caller.presents);
    const outcomes = await callAll(connected, calls);
    for (const [index, procedure] of own.entries()) {
      const outcome = outcomes[index];
      if (outcome) cells.push({ caller, procedure, outcome, expected: expected[index] ?? 403 });
    }
  }
  return cells;
}

/** The expected code of a cell. */
const codes = { 200: 'BAD_REQUEST', 401: 'UNAUTHORIZED', 403: 'FORBIDDEN' } as const;

/** Messages of access rules and of the check of credentials; handlers use others. */
const words =
  /^(This procedure needs credentials|This caller may not call|The (user|service) token is refused|Only a service may act|The authorization scheme)/;

function isAsExpected({ expected, outcome }: Cell): boolean {
  if (outcome.code !== codes[expected]) return false;
  return expected === 200 ? (outcome.issues?.length ?? 0) > 0 : words.test(outcome.message ?? '');
}

const cellName = ({ caller, procedure: { service, path } }: Cell): string =>
  `${caller.name} → ${service}.${path}`;

test('the table names each procedure that there is, and none that there is not', () => {
  const named = serviceNames.flatMap((name) => Object.keys(admitted[name]).map((path) => `${name}.${path}`));
  expect(named.toSorted()).toEqual(
    everyProcedure.map(({ service, path }) => `${service}.${path}`).toSorted(),
  );
  expect(everyProcedure.length).toBeGreaterThan(40);
});

describe.each(['HTTP', 'WebSocket'] as const)('by %s', (by) => {
  test('whoever is to be let in is, and whoever is not, is refused, and nothing is done', async () => {
    const before = await databaseState(mesh.database.adminUrl, written);
    const wrong: string[] = [];
    let refused = 0;
    for (const caller of callers) {
      for (const cell of await walk(caller, { by, procedures: everyProcedure })) {
        if (cell.expected !== 200) refused += 1;
        if (isAsExpected(cell)) continue;
        wrong.push(
          `${cellName(cell)}: ${codes[cell.expected]} expected, got ${JSON.stringify(cell.outcome)}`,
        );
      }
    }
    expect(wrong).toEqual([]);
    expect(refused).toBeGreaterThan((callers.length * everyProcedure.length) / 2);
    expect(await databaseState(mesh.database.adminUrl, written)).toEqual(before);
  });
});

test('a WebSocket is opened for whoever presents nothing bad', async () => {
  for (const { name, presents, is } of callers) {
    const headers = Object.fromEntries(
      Object.entries(presents).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
    const socket = new WebSocket(`${mesh.url('wiki').replace('http', 'ws')}/trpc`, { headers });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      socket.once('open', () => resolve(101));
      socket.once('unexpected-response', (_request, answer) => resolve(answer.statusCode));
      socket.once('error', reject);
    });
    socket.terminate();
    expect({ name, status }).toEqual({ name, status: is === 'refused' ? 401 : 101 });
  }
});

/** Caller, procedure and reason of all recorded denials, without duplicates. */
async function recordedDenials(): Promise<Set<string>> {
  const client = new pg.Client({ connectionString: mesh.database.adminUrl });
  await client.connect();
  const { rows } = await client.query<{ denial: string }>(
    // Denials by auth are recorded directly; those by others are in their claims.
    `SELECT DISTINCT concat_ws(' ', coalesce(detail->>'claimedId', detail->>'claimedKind', actor_id, actor_kind),
       coalesce(detail->>'claimedUserId', detail->>'userId'), subject, detail->>'reason') AS denial
     FROM auth.audit_log
     WHERE event = 'access.denied' AND address = '127.0.0.1' AND request_id IS NOT NULL
       AND coalesce(detail->>'claimedAddress', address) = '127.0.0.1'`,
  );
  await client.end();
  return new Set(rows.map(({ denial }) => denial));
}

test('each of them who showed credentials is in the audit log', async () => {
  const expected = callers.flatMap((caller) =>
    everyProcedure.flatMap(({ service, path }) => {
      const verdict = verdictOn(caller, admitted[service][path] ?? []);
      if (verdict === 200 || caller.name === 'nobody') return [];
      if (caller.is === 'refused') return [`anyone ${service}.${path} bad-credentials`];
      const person = caller.is.role && people[caller.is.role];
      const who = [caller.is.service, person].filter((one) => one !== undefined).join(' ');
      return [`${who} ${service}.${path} not-admitted`];
    }),
  );
  const missing = async () => {
    const recorded = await recordedDenials();
    return expected.filter((denial) => !recorded.has(denial));
  };
  await until(async () => (await missing()).length === 0, 'all denials are recorded');
  // There must be no entry for an access that was allowed.
  const surplus = [...(await recordedDenials())].filter(
    (denial) => !expected.includes(denial) && denial !== 'anyone wiki/trpc bad-credentials',
  );
  expect(surplus).toEqual([]);
});

test('a service in audit mode says so, lets through whom it would refuse, and records it', async () => {
  const port = await findFreePort();
  await using trying = startNode('services/notification/src/main.ts', {
    ...mesh.environment('notification'),
    PORT: String(port),
    ACCESS_MODE: 'audit',
  });
  const url = `http://127.0.0.1:${port}`;
  await until(
    async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200,
    'it is ready',
    () => trying.output(),
  );
  const user = callers.find(({ name }) => name === 'a user');
  const headers = { authorization: user?.presents.authorization ?? '', 'x-request-id': 'tried-out' };
  expect((await fetch(`${url}/trpc/broadcasts.unreadCount`, { headers })).status).toBe(200);
  expect((await fetch(`${url}/trpc/broadcasts.unreadCount`)).status).toBe(401);
  const send = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: '{}' };
  // It is for services only, and its handler records the calling one.
  expect((await fetch(`${url}/trpc/notifications.send`, send)).status).toBe(403);

  const warnings = trying.logged().filter(({ level }) => level === 'warn');
  expect(warnings).toMatchObject([
    { msg: expect.stringContaining('ACCESS_MODE is audit') },
    { procedure: 'broadcasts.unreadCount', caller: 'user', user_id: people.user },
  ]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain(
    'mesh_server_access_denied_total{procedure="broadcasts.unreadCount",caller="user",reason="not-admitted",mode="audit"} 1',
  );
  const admin = callers.find(({ name }) => name === 'an administrator');
  const list = async () => {
    const input = encodeURIComponent('{"subject":"notification.broadcasts.unreadCount"}');
    const answer = await fetch(`${mesh.url('auth')}/trpc/audit.list?input=${input}`, {
      headers: { authorization: admin?.presents.authorization ?? '' },
    });
    const { result } = (await answer.json()) as {
      result: { data: { items: { detail: { claimedRequestId?: string } }[] } };
    };
    return result.data.items.filter(({ detail }) => detail.claimedRequestId === 'tried-out');
  };
  await until(async () => (await list()).length > 0, 'it is recorded');
  expect(await list()).toMatchObject([
    {
      actor: { kind: 'service', id: 'notification' },
      detail: { claimedKind: 'user', claimedId: people.user, mode: 'audit', count: 1 },
    },
  ]);
});

/** The number of recorded denials of requests with an id, and of their entries. */
async function recordedOf(requestId: string): Promise<{ entries: number; denials: number }> {
  const client = new pg.Client({ connectionString: mesh.database.adminUrl });
  await client.connect();
  const { rows } = await client.query<{ entries: number; denials: number }>(
    `SELECT count(*)::int AS entries, coalesce(sum((detail->>'count')::int), 0)::int AS denials
     FROM auth.audit_log WHERE coalesce(detail->>'claimedRequestId', request_id) = $1`,
    [requestId],
  );
  await client.end();
  return rows[0] ?? { entries: 0, denials: 0 };
}

/** Is denied at a service several times. @returns The longest wait for an answer, in milliseconds. */
async function beDenied(service: 'notification' | 'wiki', requestId: string): Promise<number> {
  const path = { notification: 'broadcasts.list', wiki: 'pages.watch' }[service];
  const method = service === 'wiki' ? 'POST' : 'GET';
  const token = await mesh.identity.serviceToken(requestId);
  const headers = {
    authorization: `Service-Token ${token}`,
    'content-type': 'application/json',
    'x-request-id': requestId,
  };
  let longest = 0;
  for (let n = 0; n < 20; n += 1) {
    const askedAt = performance.now();
    expect((await fetch(`${mesh.url(service)}/trpc/${path}`, { method, headers })).status).toBe(403);
    longest = Math.max(longest, performance.now() - askedAt);
  }
  return longest;
}

test('what is denied while auth is away is recorded once it is back, once, and nobody has waited for it', async () => {
  mesh.process('auth').signal('SIGKILL');
  await mesh.process('auth').ended;
  // A failing call to auth takes 7 s with its retries.
  expect(await beDenied('wiki', 'while-away')).toBeLessThan(3000);
  await until(
    () => mesh.process('wiki').output().includes('denials could not be reported'),
    'the wiki has tried to report',
  );
  expect(await recordedOf('while-away')).toEqual({ entries: 0, denials: 0 });
  mesh.start('auth');
  await until(async () => (await recordedOf('while-away')).denials > 0, 'it is recorded');
  // One entry, despite repeated attempts; later denials wait for their minute.
  expect((await recordedOf('while-away')).entries).toBe(1);
});

test('a service that stops reports what it has denied before it ends', async () => {
  await mesh.healthy();
  // Its breaker for auth, which was down, must have closed.
  await beDenied('notification', 'first');
  await until(async () => (await recordedOf('first')).denials > 0, 'it reports to auth again');
  await beDenied('notification', 'before-the-end');
  mesh.process('notification').signal('SIGTERM');
  expect(await mesh.process('notification').ended).toBe(0);
  expect((await recordedOf('before-the-end')).denials).toBe(20);
});
