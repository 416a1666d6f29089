import { expect, test } from 'vitest';
import type { ServeOptions } from '../serve.ts';
import { scopes } from '../../telemetry/index.ts';
import { formatTraceparent } from '../../wire/index.ts';
import { recordingLogger } from '../../testing/logger.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';

const suite = new ShopSuite();

/** How `/metrics` answers whoever asks by way of such proxies. */
async function metricsOf(options: Partial<ServeOptions>, forwardedFor?: string, path = '/metrics') {
  const { url } = await suite.start(options);
  const headers: Record<string, string> =
    forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  const answer = await fetch(url + path, { headers });
  return { status: answer.status, body: await answer.text() };
}

const localProxy = ['127.0.0.0/8'];

test('anyone reads them where nothing is said', async () => {
  const { status, body } = await metricsOf({});
  expect([status, body]).toEqual([200, expect.stringContaining('# TYPE ')]);
});

test.each([
  ['the address of its socket', ['127.0.0.1'], undefined, undefined],
  ['a network', ['10.0.0.0/8', '127.0.0.0/8'], undefined, undefined],
  ['what a trusted proxy says', ['192.0.2.7'], localProxy, '203.0.113.9, 192.0.2.7'],
  ['an IPv6 network', ['2001:db8::/32'], localProxy, '2001:db8:7::1'],
])('a caller that is named by %s reads them', async (_what, metricsFrom, trustedProxies, forwardedFor) => {
  const { status } = await metricsOf({ metricsFrom, trustedProxies: trustedProxies ?? [] }, forwardedFor);
  expect(status).toBe(200);
});

test.each([
  { who: 'another address', metricsFrom: ['10.0.0.1'], trustedProxies: [], sees: '127.0.0.1' },
  {
    who: 'one that it invents',
    metricsFrom: ['192.0.2.7'],
    trustedProxies: [],
    forwardedFor: '192.0.2.7',
    sees: '127.0.0.1',
  },
  {
    who: 'one that it invents before a proxy',
    metricsFrom: ['192.0.2.7'],
    trustedProxies: localProxy,
    forwardedFor: '192.0.2.7, 203.0.113.9',
    sees: '203.0.113.9',
  },
  {
    who: 'that of a proxy alone',
    metricsFrom: localProxy,
    trustedProxies: localProxy,
    forwardedFor: '203.0.113.9',
    sees: '203.0.113.9',
  },
])('a caller with $who does not', async ({ forwardedFor, sees, ...options }) => {
  const { status, body } = await metricsOf(options, forwardedFor);
  expect(status).toBe(403);
  expect(JSON.parse(body)).toMatchObject({
    error: { message: `METRICS_FROM does not include ${sees}`, data: { code: 'FORBIDDEN' } },
  });
});

test('by a token, services and administrators read them, and no one else', async () => {
  const { url } = await suite.start({ metricsAccess: 'token', metricsFrom: ['127.0.0.1'] });
  const statusWith = async (authorization?: string) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    return (await fetch(`${url}/metrics`, { headers })).status;
  };
  const { identity } = suite;
  expect(await statusWith(`Service-Token ${await identity.serviceToken('prometheus')}`)).toBe(200);
  expect(await statusWith(`Bearer ${await identity.userToken({ role: 'admin' })}`)).toBe(200);
  expect(await statusWith(`Bearer ${await identity.userToken({ role: 'user' })}`)).toBe(403);
  expect(await statusWith()).toBe(401);
  expect(await statusWith('Service-Token nonsense')).toBe(401);
});

test('a token does not help at an address that may not read them', async () => {
  const { url } = await suite.start({ metricsAccess: 'token', metricsFrom: ['10.0.0.1'] });
  const authorization = `Service-Token ${await suite.identity.serviceToken('prometheus')}`;
  expect((await fetch(`${url}/metrics`, { headers: { authorization } })).status).toBe(403);
});

test('on a port of their own, they are not at that of the service', async () => {
  const log = recordingLogger();
  const service = await suite.start({ metricsPort: 0, metricsFrom: ['127.0.0.1'], log });
  const own = new URL(service.url);
  own.port = String(log.lines.find(({ fields }) => 'metrics_port' in fields)?.fields['metrics_port']);
  const statusOf = async (path: string, base: string | URL, method = 'GET') =>
    (await fetch(new URL(path, base), { method })).status;
  expect(await (await fetch(new URL('/metrics?name=x', own))).text()).toContain('# TYPE ');
  expect(await statusOf('/metrics', service.url)).toBe(404);
  expect(await statusOf('/health', own)).toBe(404);
  expect(await statusOf('/metrics', own, 'POST')).toBe(404);
  await service.stop();
  await expect(fetch(new URL('/metrics', own))).rejects.toThrow('fetch failed');
});

test('a port of their own that is taken keeps the service from starting', async () => {
  const taken = Number(new URL(suite.service.url).port);
  await expect(suite.start({ metricsPort: taken })).rejects.toThrow('EADDRINUSE');
});

test.each([
  ['application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'openmetrics'],
  ['text/plain;version=0.0.4', 'plain'],
  ['*/*', 'plain'],
])('for %s, the format is %s', async (accept, format) => {
  const answer = await fetch(`${suite.service.url}/metrics`, { headers: { accept } });
  const isOpen = format === 'openmetrics';
  expect(answer.headers.get('content-type')).toContain(
    isOpen ? 'application/openmetrics-text' : 'text/plain',
  );
  expect((await answer.text()).endsWith('# EOF\n')).toBe(isOpen);
});

test('a sampled call marks its bucket with its trace, at the server and at its caller', async () => {
  const [ofServer, ofClient, unsampled] = ['c0ffee', 'beef', 'dead'].map((text) => text.padEnd(32, '0')) as [
    string,
    string,
    string,
  ];
  const hop = { spanId: '1'.repeat(16), sampled: true, tracestate: undefined };
  const echo = (traceparent: string) =>
    fetch(`${suite.service.url}/trpc/items.echo?input=%7B%22text%22%3A%22a%22%7D`, {
      headers: { traceparent },
    });
  await echo(formatTraceparent({ ...hop, traceId: ofServer }));
  await echo(formatTraceparent({ ...hop, traceId: unsampled, sampled: false }));
  const client = suite.client();
  const scope = {
    requestId: 'r',
    deadline: performance.now() + 5000,
    signal: new AbortController().signal,
    trace: { ...hop, traceId: ofClient },
  };
  await scopes.run(scope, () => client.items.get.query({ id: 1 }));

  const headers = { accept: 'application/openmetrics-text' };
  const lines = (await (await fetch(`${suite.service.url}/metrics`, { headers })).text()).split('\n');
  const markedBy = (traceId: string) =>
    lines.flatMap((line) => (line.includes(`# {trace_id="${traceId}"}`) ? [line.split(/[{ ]/)[0]] : []));
  expect(markedBy(ofServer)).toEqual(['mesh_server_call_seconds_bucket']);
  expect(markedBy(ofClient).toSorted()).toEqual([
    'mesh_client_call_seconds_bucket',
    'mesh_server_call_seconds_bucket',
  ]);
  expect(markedBy(unsampled)).toEqual([]);
});

test('nothing that a stranger sends makes a series', async () => {
  const { url } = suite.service;
  const odd = async (word: string) => {
    const headers = { 'x-request-id': word, 'x-user-token': word, 'idempotency-key': word };
    const input = 'input=%7B%22id%22%3A1%7D';
    await fetch(`${url}/trpc/${word}`, { headers });
    await fetch(`${url}/trpc/${word},items.get?batch=1`, { headers });
    await fetch(`${url}/${word}?${word}`, { headers });
    await fetch(`${url}/trpc/items.get?${input}`, { headers: { authorization: `Service-Token ${word}` } });
    await fetch(`${url}/trpc/items.get?${input}`, { headers: { authorization: `${word} ${word}` } });
    await fetch(`${url}/trpc/items.get?${input}`, { method: word.toUpperCase() }).catch(() => {});
    await fetch(`${url}/trpc/stock.take`, { method: 'POST', body: JSON.stringify({ [word]: word }) });
  };
  const series = async () =>
    (await (await fetch(`${url}/metrics`)).text()).split('\n').map((line) => line.replace(/ \S+$/, ''));
  await odd('unheard1');
  const before = await series();
  await odd('unheard2');
  await odd('unheard3');
  expect((await series()).filter((line) => !before.includes(line))).toEqual([]);
  expect(before.filter((line) => line.includes('unheard'))).toEqual([]);
});

test('health is for everyone all the same', async () => {
  expect((await metricsOf({ metricsFrom: ['10.0.0.1'] }, undefined, '/health')).status).toBe(200);
});

test('what is no network keeps the service from starting', async () => {
  await expect(suite.start({ metricsFrom: ['prometheus'] })).rejects.toThrow(
    '"prometheus" is neither an IP address nor a network',
  );
});
