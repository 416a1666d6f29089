import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { admin, anyone, anyService, contract, either, query } from '../../contract/index.ts';
import { silentLogger } from '../../testing/index.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';
import { serve } from '../index.ts';

const suite = new ShopSuite();

async function open(headers: Record<string, string> = {}, url = suite.service.url) {
  const answer = await request(`${url}/`, { headers });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

test('says what answers here, what it offers, to whom, and where to read on', async () => {
  const { status, headers, text } = await open();
  expect([status, headers['content-type'], headers['vary']]).toEqual([200, 'application/json', 'accept']);
  expect(JSON.parse(text)).toEqual({
    service: 'shop',
    version: '1',
    about: expect.stringContaining('in the format of tRPC'),
    format: 'https://trpc.io/docs/rpc',
    procedures: expect.arrayContaining([
      { path: '/trpc/items.get', kind: 'query', summary: 'One item', for: 'anyone' },
      { path: '/trpc/stock.take', kind: 'mutation', summary: 'Take one', for: 'the service till' },
      {
        path: '/trpc/stock.takeFor',
        kind: 'mutation',
        summary: 'Take one for a user',
        for: 'the service till for users',
      },
      { path: '/trpc/ticks.watch', kind: 'subscription', summary: 'Counts', for: 'anyone' },
    ]),
    paths: expect.arrayContaining([{ path: '/health', summary: expect.any(String) }]),
  });
});

test('every path that it names is there', async () => {
  const { paths } = JSON.parse((await open()).text) as { paths: { path: string }[] };
  expect(paths.length).toBeGreaterThan(4);
  for (const { path } of paths) {
    const { statusCode, body } = await request(suite.service.url + path);
    await body.dump();
    expect(statusCode, path).not.toBe(404);
  }
});

describe('answers in the form that is preferred', () => {
  test.each([
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8', 'text/html'],
    ['HTML alone', 'TEXT/HTML', 'text/html'],
    ['any text', 'text/*', 'text/html'],
    ['curl', '*/*', 'application/json'],
    ['both alike', 'text/html, application/json', 'application/json'],
    ['JSON more', 'text/html;q=0.5, application/json', 'application/json'],
    ['no HTML', 'text/html;q=0, */*', 'application/json'],
    ['neither', 'image/png', 'application/json'],
    ['what is no header', ';;,q=,/', 'application/json'],
  ])('%s', async (_what, accept, type) => {
    const { status, headers } = await open({ accept });
    expect([status, String(headers['content-type']).split(';')[0]]).toEqual([200, type]);
  });
});

test('a page holds what a contract says as text, not as markup', async () => {
  const summary = 'Less than <script>alert("1 & 2")</script>';
  const odd = contract('odd', {
    less: query({ summary, output: z.null(), access: either(admin, anyService) }),
    more: query({ summary: 'More', output: z.null(), access: anyone }),
  });
  const service = await serve(
    odd,
    { less: async () => null, more: async () => null },
    {
      version: '1',
      port: 0,
      log: silentLogger,
      authenticate: suite.identity.authenticate,
      pingDatabase: async () => {},
    },
  );
  suite.cleanups.push(() => service.stop());
  const { text, headers } = await open({ accept: 'text/html' }, service.url);
  expect(text).toContain('Less than &lt;script&gt;alert(&quot;1 &amp; 2&quot;)&lt;/script&gt;');
  expect(text).toContain('administrators, or any service');
  expect(text).not.toContain('<script');
  expect(headers['content-security-policy']).toBe("default-src 'none'");
});

test('for a browser it is the reference: with schemas and errors where anyone may read the contract', async () => {
  const closed = await open({ accept: 'text/html' });
  expect(closed.text).toContain('<code>items.get</code>');
  expect(closed.text).toContain('Schemas, errors and examples are at <a href="/api/contract">');
  expect(closed.text).not.toContain('ITEM_NOT_FOUND');
  const { url } = await suite.start({ contractAccess: 'open' });
  const { text } = await open({ accept: 'text/html' }, url);
  expect(text).toContain('<h3 id="items.get">items.get</h3>');
  expect(text).toContain('<td><code>ITEM_NOT_FOUND</code></td><td><code>NOT_FOUND</code></td><td>404</td>');
  expect(text).not.toContain('are at <a href="/api/contract">');
});

test('answers GET and HEAD', async () => {
  const head = await request(`${suite.service.url}/`, { method: 'HEAD' });
  expect([head.statusCode, await head.body.text()]).toEqual([200, '']);
  const post = await request(`${suite.service.url}/`, { method: 'POST' });
  expect([post.statusCode, post.headers['allow']]).toEqual([405, 'GET, HEAD']);
  await post.body.dump();
});
