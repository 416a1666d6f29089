import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createHealth, createReadiness, degradedWhile, probeService, type Probe } from './index.ts';

const answering =
  (status: 'healthy' | 'degraded' | 'unhealthy'): Probe =>
  async () => ({ status, responseTimeMs: 3 });

function healthOf(
  options: {
    ping?: () => Promise<void>;
    dependencies?: Record<string, Probe>;
    ready?: boolean;
    aheadMs?: number;
    takesWrites?: boolean;
  } = {},
) {
  const { aheadMs = 0, takesWrites = true } = options;
  const readiness = createReadiness();
  if (options.ready !== false) readiness.ready();
  const health = createHealth({
    service: 'wiki',
    version: '1.2.3',
    readiness,
    pingDatabase: options.ping ?? (async () => {}),
    takesWrites: () => takesWrites,
    dependencies: options.dependencies ?? {},
    clock: { status: () => ({ aheadMs, wrong: aheadMs !== 0, responseTimeMs: 2 }) },
  });
  return { health, readiness };
}

test('the health report is the documented one, byte for byte', async () => {
  const { health } = healthOf({ dependencies: { auth: answering('healthy') } });
  const text = JSON.stringify(await health.report());
  expect(text.replace(/"\d{4}-[^"]*"/, '"T"')).toBe(
    '{"status":"healthy","service":"wiki","version":"1.2.3","database":"connected","dependencies":{"auth":"healthy"},"timestamp":"T"}',
  );
});

test('the status report is the documented one, byte for byte', async () => {
  const { health } = healthOf({ dependencies: { auth: answering('healthy') } });
  const text = JSON.stringify(await health.status());
  expect(text.replace(/"uptime":\d+/, '"uptime":0')).toBe(
    '{"service":"wiki","status":"healthy","uptime":0,"version":"1.2.3","database":"connected","dependencies":{"auth":{"status":"healthy","response_time_ms":3}}}',
  );
});

test.each(['degraded', 'unhealthy'] as const)(
  'a dependency that is %s makes it degraded, and leaves it ready',
  async (status) => {
    const { health } = healthOf({
      dependencies: { auth: answering('healthy'), notification: answering(status) },
    });
    expect(await health.report()).toMatchObject({
      status: 'degraded',
      dependencies: { notification: status },
    });
    expect(await health.notReady()).toBeUndefined();
  },
);

test.each([
  ['healthy', false, 'healthy'],
  ['healthy', true, 'degraded'],
  ['unhealthy', true, 'unhealthy'],
] as const)('one that is %s, with trouble of another kind: %s, is %s', async (status, trouble, expected) => {
  expect(await degradedWhile(() => trouble, answering(status))()).toMatchObject({ status: expected });
});

test('a wrong clock makes it degraded, shows by name, and leaves it ready', async () => {
  const { health } = healthOf({ dependencies: { auth: answering('healthy') }, aheadMs: -3_600_000 });
  expect(await health.report()).toMatchObject({
    status: 'degraded',
    dependencies: { auth: 'healthy', clock: 'unhealthy' },
  });
  expect(await health.status()).toMatchObject({
    dependencies: { clock: { status: 'unhealthy', response_time_ms: 2 } },
  });
  expect(await health.notReady()).toBeUndefined();
});

test('a database that takes no writes makes it degraded, shows by name, and leaves it ready', async () => {
  const { health } = healthOf({ dependencies: { auth: answering('healthy') }, takesWrites: false });
  expect(await health.report()).toMatchObject({
    status: 'degraded',
    database: 'connected',
    dependencies: { auth: 'healthy', database_writes: 'unhealthy' },
  });
  expect(await health.notReady()).toBeUndefined();
});

test('its own database gone makes it unhealthy and not ready, whatever its dependencies', async () => {
  const ping = () => Promise.reject(new Error('gone'));
  const { health } = healthOf({ ping, dependencies: { auth: answering('healthy') } });
  expect(await health.report()).toMatchObject({ status: 'unhealthy', database: 'disconnected' });
  expect(await health.notReady()).toBe('database');
});

test('a database that never answers makes it unhealthy, not silent', async () => {
  const { health } = healthOf({ ping: () => new Promise(() => {}) });
  expect(await health.report()).toMatchObject({ status: 'unhealthy', database: 'disconnected' });
});

test('it knows until when its database was away, and can look again meanwhile', async () => {
  vi.useFakeTimers({ now: 0 });
  try {
    let gone = true;
    const ping = vi.fn(async () => {
      if (gone) throw new Error('gone');
    });
    const { health } = healthOf({ ping });
    expect(health.outage.until).toBe(-Infinity);
    await health.notReady();
    expect(health.outage.until).toBe(Infinity);

    gone = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect(health.outage.until).toBe(Infinity);
    const now = performance.now();
    health.outage.look();
    await vi.advanceTimersByTimeAsync(1);
    expect(health.outage.until).toBe(now);
    expect(ping).toHaveBeenCalledTimes(2);
  } finally {
    vi.useRealTimers();
  }
});

test('before its start is done, and from the moment it drains, it is not ready', async () => {
  const { health, readiness } = healthOf({ ready: false });
  expect(await health.notReady()).toBe('starting');
  readiness.ready();
  expect(await health.notReady()).toBeUndefined();
  readiness.drain();
  readiness.ready();
  expect(await health.notReady()).toBe('draining');
});

test('a hundred who ask at once cause one look', async () => {
  let looks = 0;
  const ping = async () => void (looks += 1);
  const { health } = healthOf({ ping });
  await Promise.all(Array.from({ length: 100 }, () => health.report()));
  expect(looks).toBe(1);
});

let answer: number | 'never' = 200;
let asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(request.url ?? '');
  if (answer !== 'never') response.writeHead(answer).end('{}');
});
let url: string;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test.each([
  [200, 'healthy'],
  [503, 'unhealthy'],
  ['never', 'degraded'],
] as const)(
  'a service whose /readyz says %s is %s, and nothing else of it is asked',
  async (says, status) => {
    answer = says;
    asked = [];
    expect(await probeService(url)()).toMatchObject({ status });
    expect(asked).toEqual(['/readyz']);
  },
);

test('a service that is not there is unhealthy', async () => {
  expect(await probeService('http://127.0.0.1:9')()).toMatchObject({ status: 'unhealthy' });
});

test.each([
  [['up', 'up'], 'healthy'],
  [['up', 'gone'], 'degraded'],
  [['gone', 'gone'], 'unhealthy'],
] as const)('a service whose endpoints are %s is %s', async (endpoints, status) => {
  answer = 200;
  const urls = { up: url, gone: 'http://127.0.0.1:9' };
  expect(await probeService(endpoints.map((endpoint) => urls[endpoint]))()).toMatchObject({ status });
});
