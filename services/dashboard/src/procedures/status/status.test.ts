import { dashboardContract } from '@arcadium/contracts/dashboard';
import { connect, type MeshClient } from '@arcadium/mesh/client';
import { createTestIdentity, silentLogger as log, type TestIdentity } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { serveDashboard } from '../../testing/served.ts';

let identity: TestIdentity;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => (identity = await createTestIdentity()));
afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

async function open({ publicView }: { publicView: boolean }) {
  const served = await serveDashboard({ identity, publicView });
  cleanups.push(() => served.close());
  return served;
}

function clientOf(url: string): MeshClient<typeof dashboardContract, 'anyone'> {
  const client = connect(dashboardContract, { url, as: 'anyone', log });
  cleanups.push(() => client[Symbol.asyncDispose]());
  return client;
}

test('a service that fails becomes an incident, that is listed, alerted, and over when it serves again', async () => {
  const { url, round, alerts } = await open({ publicView: true });
  const client = clientOf(url);
  const wiki = async () =>
    (await client.status.list.query()).services.find(({ service }) => service === 'wiki');
  expect(await wiki()).toMatchObject({ status: 'unknown', uptime: { day: null }, incident: null });
  for (const serves of [true, false, false]) round(serves);
  expect(await wiki()).toMatchObject({ status: 'unhealthy', uptime: { day: 1 / 3 }, incident: null });
  round(false);
  const incident = { service: 'wiki', startedAt: '2026-01-01T00:00:04.000Z', reason: 'connection refused' };
  expect(await wiki()).toMatchObject({ incident: { ...incident, endedAt: null } });
  for (const serves of [true, true]) round(serves);
  const over = { ...incident, endedAt: '2026-01-01T00:00:10.000Z' };
  expect(await wiki()).toMatchObject({ status: 'healthy', incident: null });
  for (const serves of [false, false, false, true, true]) round(serves);

  const first = await client.status.incidents.query({ service: 'wiki', limit: 1 });
  expect(first.items).toMatchObject([{ id: 2, startedAt: '2026-01-01T00:00:14.000Z' }]);
  const second = await client.status.incidents.query({ limit: 1, cursor: first.nextCursor ?? '' });
  expect(second).toMatchObject({ items: [over], nextCursor: null });
  expect((await client.status.incidents.query({ service: 'auth' })).items).toEqual([]);
  expect(alerts.map(({ id, endedAt }) => [id, endedAt !== null])).toEqual([
    [1, false],
    [1, true],
    [2, false],
    [2, true],
  ]);

  const { points } = await client.status.history.query({ service: 'wiki', span: 'day' });
  expect(points.at(-1)).toMatchObject({ up: 5 / 11, status: 'unhealthy', slowestMs: 5 });
  await expect(client.status.history.query({ service: 'wikki' })).rejects.toMatchObject({
    data: { code: 'NOT_FOUND' },
  });
});

test('a watch shows the state at once, and after each round', async () => {
  const { url, round } = await open({ publicView: true });
  const seen: (string | undefined)[] = [];
  const watching = clientOf(url).status.watch.subscribe(undefined, {
    onData: ({ data }) => seen.push(data.services.find(({ service }) => service === 'wiki')?.status),
  });
  cleanups.push(() => watching.unsubscribe());
  await vi.waitFor(() => expect(seen).toEqual(['unknown']));
  round(true);
  await vi.waitFor(() => expect(seen).toEqual(['unknown', 'healthy']));
  round(false);
  await vi.waitFor(() => expect(seen).toEqual(['unknown', 'healthy', 'unhealthy']));
});

test('a client that reconnects gets the state as it is', async () => {
  const { url } = await open({ publicView: true });
  const stop = new AbortController();
  const answer = await fetch(`${url}/trpc/status.watch`, {
    headers: { accept: 'text/event-stream', 'last-event-id': '2026-01-01T00:00:00.000Z' },
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]),
  });
  let seen = '';
  for await (const chunk of answer.body ?? []) {
    seen += new TextDecoder().decode(chunk);
    if (/"(services|code)":/.test(seen)) break;
  }
  stop.abort();
  expect(seen).toContain('"services":');
});

/** Valid inputs of the procedures that need one. */
const call = { service: 'wiki', path: 'pages.list', as: 'anyone' };
const inputs: Readonly<Record<string, unknown>> = {
  'status.history': { service: 'wiki' },
  'services.get': { service: 'wiki' },
  'traces.get': { traceId: '0'.repeat(32) },
  'explorer.run': call,
  'explorer.watch': call,
  'outbox.list': { service: 'nothing' },
  'outbox.retry': { service: 'nothing', ids: ['1'] },
  'outbox.drop': { service: 'nothing', ids: ['1'] },
};

test('without a public view, every procedure is for administrators, and badges show nothing', async () => {
  const { url, round } = await open({ publicView: false });
  round(true);
  const callers = {
    nobody: undefined,
    user: `Bearer ${await identity.userToken()}`,
    service: `Service-Token ${await identity.serviceToken('wiki')}`,
    administrator: `Bearer ${await identity.userToken({ role: 'admin' })}`,
  };
  const { sessions: _, ...groups } = dashboardContract.procedures;
  const procedures = Object.entries(groups).flatMap(([group, members]) =>
    Object.entries(members).map(([name, { kind }]) => ({ path: `${group}.${name}`, kind })),
  );
  /** The code of the answer, or of the first event; `shown` if there is no error that refuses the caller. */
  const ask = async ({ path, kind }: { path: string; kind: string }, authorization: string | undefined) => {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(20_000)]);
    const input = inputs[path] === undefined ? undefined : JSON.stringify(inputs[path]);
    const isPost = kind === 'mutation';
    const query = isPost || input === undefined ? '' : `?input=${encodeURIComponent(input)}`;
    const answer = await fetch(`${url}/trpc/${path}${query}`, {
      headers: {
        ...(isPost && { 'content-type': 'application/json' }),
        ...(authorization && { authorization }),
      },
      ...(isPost && input !== undefined && { method: 'POST', body: input }),
      signal,
    });
    let seen = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      seen += decoder.decode(chunk, { stream: true });
      if (/"(code|result|at|number)":/.test(seen)) break;
    }
    stop.abort();
    const code = /"code":"([A-Z_]+)"/.exec(seen)?.[1];
    return code === 'UNAUTHORIZED' || code === 'FORBIDDEN' || code === 'BAD_REQUEST' ? code : 'shown';
  };
  for (const procedure of procedures) {
    const answers = Object.entries(callers).map(async ([who, token]) => [who, await ask(procedure, token)]);
    expect([procedure.path, Object.fromEntries(await Promise.all(answers))]).toEqual([
      procedure.path,
      { nobody: 'UNAUTHORIZED', user: 'FORBIDDEN', service: 'FORBIDDEN', administrator: 'shown' },
    ]);
  }
  expect(procedures.length).toBeGreaterThan(4);
  expect((await fetch(`${url}/badge/wiki.svg`)).status).toBe(403);
});

test('with a public view, a badge is an image', async () => {
  const { url, round } = await open({ publicView: true });
  round(true);
  const badge = await fetch(`${url}/badge/wiki.svg`);
  expect([badge.status, badge.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
  expect(await badge.text()).toContain('wiki: healthy 100 %');
  expect((await fetch(`${url}/badge/wikki.svg`)).status).toBe(404);
});
