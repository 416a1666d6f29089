import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { afterEach, expect, test, vi } from 'vitest';
import type { Check, Round } from '../domain/round.ts';
import { Collector } from './collector.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const report = { status: 'healthy', uptime: 1, version: '1', database: 'connected', dependencies: {} };

/** A replica. @returns Its URL, and how it ends. */
async function replica(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  cleanups.push(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

const healthy: RequestListener = ({ url, headers }, response) => {
  const open = url === '/api/status';
  const allowed = open || headers.authorization === 'Service-Token own';
  response.statusCode = allowed ? 200 : 401;
  if (url === '/metrics') response.end('up 1\n');
  else response.end(JSON.stringify(open ? report : { targets: [] }));
};

/** Collects from replicas called a, b, c … until the end of the test. */
function collect(urls: readonly string[], intervalMs = 500) {
  const targets = urls.map((url, index) => ({ service: String.fromCharCode(97 + index), url }));
  const collector = new Collector({
    targets: { current: () => targets },
    token: () => 'own',
    intervalMs,
    now: Date.now,
    log,
  });
  const rounds: Round[] = [];
  collector.onRound((round) => rounds.push(round));
  cleanups.push(() => collector.stop());
  collector.start();
  const last = (service: string): Check | undefined =>
    rounds.flatMap(({ checks }) => checks).findLast((check) => check.service === service);
  return { rounds, last };
}

test('asks for status openly, for mesh and metrics with the own token; one that ends is seen within 6 s', async () => {
  const { url, close } = await replica(healthy);
  const { last } = collect([url], 2000);
  await vi.waitFor(() =>
    expect(last('a')).toMatchObject({
      url,
      report,
      problem: undefined,
      mesh: { targets: [] },
      metrics: 'up 1\n',
    }),
  );
  const endedAt = Date.now();
  await close();
  await vi.waitFor(() =>
    expect(last('a')).toMatchObject({ report: undefined, problem: 'connection refused' }),
  );
  expect(Date.now() - endedAt).toBeLessThan(6000);
});

test('a replica that never answers delays no other, and is found out', async () => {
  const hanging = await replica(() => {});
  const fine = await replica(healthy);
  const { rounds, last } = collect([hanging.url, fine.url]);
  await vi.waitFor(() => expect(last('a')?.problem).toBe('no answer within 1000 ms'));
  await vi.waitFor(() => expect(rounds.length).toBeGreaterThan(5));
  const times = rounds
    .flatMap(({ checks }) => checks.filter(({ service }) => service === 'b'))
    .map(({ at }) => at);
  for (const [index, at] of times.slice(1).entries()) expect(at - (times[index] ?? 0)).toBeLessThan(1000);
  expect(
    rounds.every(({ checks }) => new Set(checks.map(({ service }) => service)).size === checks.length),
  ).toBe(true);
});

test('what is no status report is a failure with a reason; a redirect does not get the token', async () => {
  let asked = 0;
  const other = await replica(() => (asked += 1));
  const away = await replica((_, response) => {
    response.writeHead(302, { location: other.url }).end();
  });
  const wrong = await replica((_, response) => response.end('<html>'));
  const missing = await replica((_, response) => {
    response.statusCode = 404;
    response.end('{}');
  });
  const huge = await replica((_, response) => response.end('x'.repeat(9 * 1024 * 1024)));
  const { last } = collect([away.url, wrong.url, missing.url, huge.url], 5000);
  await vi.waitFor(() => expect(last('d')?.problem).toBe('the answer is longer than 8388608 characters'));
  expect(last('a')?.report).toBeUndefined();
  expect(asked).toBe(0);
  expect(last('b')?.problem).toBe('its answer is not a status report');
  expect(last('c')?.problem).toBe('it answered with HTTP status 404');
});

test('of a hundred replicas, the 80 that hang keep no other from being checked in each round', async () => {
  const hanging = await replica(() => {});
  const fine = await replica(healthy);
  const { rounds } = collect(Array.from({ length: 100 }, (_, index) => (index < 80 ? hanging : fine).url));
  const answers = () => rounds.flatMap(({ checks }) => checks.filter(({ report: found }) => found)).length;
  await vi.waitFor(() => expect(answers()).toBeGreaterThanOrEqual(100));
  // Five answers of each of the 20. Were those that hang not the last, none would be reached.
  expect(rounds.length).toBeLessThan(30);
});
