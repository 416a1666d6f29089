import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { dashboardContract, type MeshMap, type ServiceView } from '@arcadium/contracts/dashboard';
import { contract, nobody } from '@arcadium/mesh/contract';
import { publicPart } from '@arcadium/mesh/identity';
import { compile, rawCallOf } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger as log, type TestIdentity } from '@arcadium/mesh/testing';
import { startTrace } from '@arcadium/mesh/telemetry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LiveStatus } from './domain/live-status.ts';
import { Collector } from './jobs/collector.ts';
import { ServiceContracts } from './jobs/service-contracts.ts';
import { createMeshViews } from './mesh-views.ts';
import { getMap } from './procedures/map/get-map.ts';
import { watchMap } from './procedures/map/watch-map.ts';
import { getService } from './procedures/services/get-service.ts';

// Real processes, watched by what they answer: a till that calls a shop.

const intervalMs = 500;
const resources = new AsyncDisposableStack();
let identity: TestIdentity;
let shop: Awaited<ReturnType<typeof start>>;
let till: Awaited<ReturnType<typeof start>>;
let dashboard: ReturnType<typeof watch>;

async function start(name: string, { port = 0, target }: { port?: number; target?: object } = {}) {
  const keys = { keys: [publicPart(identity.jwk)] };
  const setting = { name, port, keys, target, token: await identity.serviceToken(name) };
  const module = new URL('./testing/small-service.ts', import.meta.url);
  const child: ChildProcess = fork(module, [JSON.stringify(setting)], { stdio: 'inherit' });
  resources.defer(() => void child.kill('SIGKILL'));
  const [url] = (await once(child, 'message')) as [string];
  return {
    name,
    url,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    async work(fail = false, authorization?: string) {
      const input = encodeURIComponent(JSON.stringify({ fail }));
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await fetch(`${url}/trpc/work?input=${input}`, { headers });
      await answer.text();
    },
  };
}

/** A dashboard of the two, without its port. */
function watch(token: string) {
  const now = Date.now;
  const targets = [shop, till].map(({ name: service, url }) => ({ service, url }));
  const live = new LiveStatus({ targets, staleAfterMs: 3 * intervalMs, now });
  const collector = new Collector({
    targets: { current: () => targets },
    token: () => token,
    intervalMs,
    now,
    log,
  });
  collector.onRound((round) => live.record(round));
  const failure = { at: new Date(0).toISOString(), requestId: 'r', traceId: null, message: 'failed' };
  const failuresOf = (service: string) => (service === 'shop' ? [failure] : []);
  const watched = new Map(targets.map(({ service, url }) => [service, [url]]));
  const contracts = new ServiceContracts({ watched, token: () => token });
  const views = createMeshViews({ collector, live, contracts, intervalMs, failuresOf, now, log });
  const { map, services } = dashboardContract.procedures;
  const handlers = {
    map: { get: getMap(views), watch: watchMap(views) },
    services: { get: getService({ live, ...views }) },
  };
  const compiled = compile(contract('dashboard', { map, services }), handlers, { log });
  const procedures = new Map(compiled.map((one) => [one.path, one]));
  const raw = (input: unknown) =>
    rawCallOf({ caller: nobody, requestId: 'test', trace: startTrace() }, { readInput: () => input });
  collector.start();
  resources.defer(() => collector.stop());
  resources.defer(() => contracts.stop());
  return {
    views,
    map: async (at?: string) => (await procedures.get('map.get')?.call(raw({ at }))) as MeshMap,
    service: async (service: string) =>
      (await procedures.get('services.get')?.call(raw({ service }))) as ServiceView,
    edge: async (caller: string, target: string, at?: string) =>
      (await dashboard.map(at)).edges.find((edge) => edge.caller === caller && edge.target === target),
  };
}

beforeAll(async () => {
  identity = await createTestIdentity();
  shop = await start('shop');
  till = await start('till', { target: { name: 'shop', url: shop.url } });
  dashboard = watch(await identity.serviceToken('dashboard'));
  // Both were read once: what is counted from here on is a difference.
  while (!(await dashboard.edge('till', 'shop'))) await delay(50);
});
afterAll(() => resources.disposeAsync());

test('who calls whom, by what the processes themselves count', async () => {
  const user = `Bearer ${await identity.userToken()}`;
  const enough = new AbortController();
  const calls = (async () => {
    for (let n = 0; !enough.signal.aborted; n += 1) {
      for (let five = 0; five < 5; five += 1) await till.work();
      await shop.work(n % 4 === 0, user);
      await delay(20);
    }
  })();
  const edgeOf = async (caller: string, target: string) =>
    (await dashboard.edge(caller, target))?.rate ?? NaN;
  try {
    await expect
      .poll(async () => {
        const made = await edgeOf('till', 'shop');
        return [made / (await edgeOf('anyone', 'till')), made / (await edgeOf('user', 'shop'))].map(
          Math.round,
        );
      })
      .toEqual([1, 5]);
    await expect
      .poll(async () => Math.abs(((await dashboard.edge('user', 'shop'))?.success ?? NaN) - 0.75))
      .toBeLessThan(0.05);
    expect(await dashboard.edge('till', 'shop')).toMatchObject({
      success: 1,
      p50: expect.any(Number),
      resilience: { breaker: 'closed', endpoints: 1, retryBudget: expect.any(Number), reasons: [] },
    });
  } finally {
    enough.abort();
    await calls;
  }
  const { nodes } = await dashboard.map();
  expect(nodes.map(({ service, kind, status }) => `${service} ${kind} ${status}`).toSorted()).toEqual([
    'anyone anyone unknown',
    'shop service healthy',
    'till service healthy',
    'user user unknown',
  ]);
});

test('one service in detail', async () => {
  await expect.poll(async () => (await dashboard.service('shop')).procedures[0]?.callers).toHaveLength(2);
  const view = await dashboard.service('shop');
  expect(view).toMatchObject({
    service: 'shop',
    processes: [
      {
        url: shop.url,
        cpu: expect.any(Number),
        memoryBytes: expect.any(Number),
        eventLoopDelayMs: expect.any(Number),
        queued: 0,
        shedding: false,
        poolUsed: null,
        tokenLifeSeconds: null,
        revocations: null,
      },
    ],
    procedures: [
      {
        path: 'work',
        kind: 'query',
        summary: 'Works, or fails',
        access: 'anyone',
        success: expect.closeTo(23 / 24, 1),
        p99: expect.any(Number),
        callers: [{ caller: 'till' }, { caller: 'user' }],
        limit: 1024,
        inFlight: 0,
      },
      { path: 'pay', kind: 'mutation', rate: 0, success: null, callers: [] },
    ],
    failures: [{ requestId: 'r' }],
    outbox: null,
    database: {
      statements: [{ name: 'SELECT work', rate: expect.any(Number), failures: 0, meanMs: 2, longestMs: 3 }],
      migrations: null,
    },
    keys: null,
  });
  expect(view.database?.statements[0]?.calls).toBeGreaterThan(20);
  expect(view.database?.statements[0]?.rate).toBeGreaterThan(0);
  expect(view.processes[0]?.memoryBytes).toBeGreaterThan(10_000_000);
  await expect(dashboard.service('bank')).rejects.toMatchObject({ named: { name: 'SERVICE_NOT_FOUND' } });
});

test('followers get the map now and after each round; a slow one gets the latest', async () => {
  const stopping = new AbortController();
  const maps = dashboard.views.map.follow(stopping.signal);
  const first = (await maps.next()).value as MeshMap;
  // It reads nothing for some rounds.
  await expect
    .poll(() => Date.parse(dashboard.views.map.current().at))
    .toBeGreaterThan(Date.parse(first.at) + 4 * intervalMs);
  const { at } = dashboard.views.map.current();
  expect(((await maps.next()).value as MeshMap).at).toBe(at);
  stopping.abort();
  expect(await maps.next()).toMatchObject({ done: true });
});

test('a service that is killed: the breaker and the reason on the edge, and the time before it', async () => {
  const before = new Date().toISOString();
  await shop.kill();
  const work = setInterval(() => void till.work().catch(() => {}), 50);
  const killedAt = Date.now();
  try {
    await expect
      .poll(async () => (await dashboard.edge('till', 'shop'))?.resilience, { interval: 50 })
      .toMatchObject({ breaker: 'open' });
    expect(Date.now() - killedAt).toBeLessThan(6000);
    await expect
      .poll(async () => (await dashboard.edge('till', 'shop'))?.resilience?.reasons)
      .toEqual(
        expect.arrayContaining([
          'breaker open on the only endpoint of shop',
          expect.stringMatching(
            /^[\d.]+ % of calls fail by the fault of shop, most with SERVICE_UNAVAILABLE$/,
          ),
        ]),
      );
    await expect.poll(async () => (await dashboard.map()).nodes[0]?.status).toBe('unhealthy');
  } finally {
    clearInterval(work);
  }
  expect(await dashboard.edge('till', 'shop', before)).toMatchObject({
    resilience: { breaker: 'closed', reasons: [] },
  });
  expect((await dashboard.map(before)).nodes[0]).toMatchObject({ service: 'shop', status: 'healthy' });
  await expect
    .poll(async () => (await dashboard.service('shop')).processes)
    .toMatchObject([{ url: shop.url, memoryBytes: null, cpu: null, eventLoopDelayMs: null }]);
  const { procedures } = await dashboard.service('shop');
  expect(procedures.map(({ path }) => path)).toEqual(['work', 'pay']);
});

test('started again, it counts from nothing, and the rates stay true', async () => {
  const { port } = new URL(shop.url);
  shop = await start('shop', { port: Number(port) });
  for (let n = 0; n < 10; n += 1) await shop.work();
  await expect.poll(async () => (await dashboard.edge('anyone', 'shop'))?.success).toBe(1);
  const edge = await dashboard.edge('anyone', 'shop');
  expect(edge?.rate).toBeGreaterThan(0);
  expect(edge?.rate).toBeLessThan(3);
  expect((await dashboard.map()).nodes[0]).toMatchObject({ service: 'shop', status: 'healthy' });
});

test('a time that was not recorded', async () => {
  const range = { from: expect.stringMatching(/^\d{4}-/), to: expect.stringMatching(/^\d{4}-/) };
  await expect(dashboard.map('2020-01-01T00:00:00.000Z')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    named: { name: 'NOT_RECORDED', data: range },
  });
});
