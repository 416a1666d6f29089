import { expect, test } from 'vitest';
import type { ServeOptions } from '../serve.ts';
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

test('health is for everyone all the same', async () => {
  expect((await metricsOf({ metricsFrom: ['10.0.0.1'] }, undefined, '/health')).status).toBe(200);
});

test('what is no network keeps the service from starting', async () => {
  await expect(suite.start({ metricsFrom: ['prometheus'] })).rejects.toThrow(
    '"prometheus" is neither an IP address nor a network',
  );
});
