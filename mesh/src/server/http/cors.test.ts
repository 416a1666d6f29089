import { request } from 'undici';
import { beforeEach, expect, test } from 'vitest';
import { readConfig, serverFields } from '../../config/index.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';

const suite = new ShopSuite();
const page = 'https://www.example.com';

let url: string;
beforeEach(async () => {
  const { CORS_ORIGINS: corsOrigins } = readConfig(serverFields, {
    CORS_ORIGINS: `${page}, http://localhost:3000`,
  });
  ({ url } = await suite.start({ corsOrigins }));
});

const preflight = (origin: string, path = '/trpc/items.add') =>
  request(url + path, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });

test('a listed page may call with its token: the preflight request says so', async () => {
  const { statusCode, headers } = await preflight(page);
  expect(statusCode).toBe(204);
  expect(headers).toMatchObject({
    'access-control-allow-origin': page,
    'access-control-allow-methods': 'GET, HEAD, POST',
    'access-control-allow-headers': 'authorization,content-type',
    'access-control-max-age': '7200',
    vary: 'origin, access-control-request-headers',
  });
  expect(headers).not.toHaveProperty('access-control-allow-credentials');
});

test.each(['https://evil.example', 'null', 'https://www.example.com.evil.example', 'http://www.example.com'])(
  'a page of %s may not, and hears why',
  async (origin) => {
    const { statusCode, headers, body } = await preflight(origin);
    expect([statusCode, headers['access-control-allow-origin']]).toEqual([403, undefined]);
    expect(await body.json()).toMatchObject({
      error: { message: `CORS_ORIGINS does not include ${origin}`, data: { code: 'FORBIDDEN' } },
    });
    const call = await request(`${url}/health`, { headers: { origin } });
    expect([call.statusCode, call.headers['access-control-allow-origin']]).toEqual([200, undefined]);
  },
);

test.each([
  ['a plain call', '/trpc/items.get?input=%22pen%22'],
  ['a batch', '/trpc/items.get,items.get?batch=1&input=%7B%7D'],
  ['an error outside of a procedure', '/trpc/none'],
  ['a route', '/health'],
  ['the front door', '/'],
])('%s can be read by a listed page, and caches keep it apart', async (_what, path) => {
  const { headers, body } = await request(url + path, { headers: { origin: page } });
  await body.dump();
  expect(headers).toMatchObject({
    'access-control-allow-origin': page,
    'access-control-expose-headers': 'x-request-id, retry-after',
  });
  expect(String(headers['vary']).split(/, ?/)).toContain('origin');
  const other = await request(url + path);
  await other.body.dump();
  expect(String(other.headers['vary']).split(/, ?/)).toContain('origin');
  expect(other.headers).not.toHaveProperty('access-control-allow-origin');
});

test('without the setting nothing changes', async () => {
  ({ url } = await suite.start());
  expect((await preflight(page)).statusCode).toBe(405);
  const { headers, body } = await request(`${url}/trpc/items.get?input=1`, { headers: { origin: page } });
  await body.dump();
  expect(headers['vary']).toBe('trpc-accept, accept');
});

test('what is not an origin is refused by its position', () => {
  const read = () => readConfig(serverFields, { CORS_ORIGINS: `${page},example.com/path` });
  expect(read).toThrow('CORS_ORIGINS: origin 2 of 2 must be http://host:port');
});
