import { once } from 'node:events';
import { createTRPCClient, httpBatchLink } from '@trpc/client';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ShopSuite } from '../../testing/shop-suite.ts';

const suite = new ShopSuite();

async function messageAt(path: string, method: 'GET' | 'POST' = 'GET'): Promise<[number, string]> {
  const { statusCode, body } = await request(suite.service.url + path, { method });
  const answer = [await body.json()].flat()[0] as { error: { message: string } };
  return [statusCode, answer.error.message];
}

const mistakes = [
  ['items.gte', 'Unknown procedure "items.gte". Did you mean "items.get"?'],
  ['item.echo', 'Unknown procedure "item.echo". Did you mean "items.echo"?'],
  ['Stock.takefor', 'Unknown procedure "Stock.takefor". Did you mean "stock.takeFor"?'],
  ['tick.watch', 'Unknown procedure "tick.watch". Did you mean "ticks.watch"?'],
  ['orders.list', 'Unknown procedure "orders.list".'],
  ['__proto__', 'Unknown procedure "__proto__".'],
] as const;

describe('an unknown procedure', () => {
  test.each(mistakes)('%s, over HTTP', async (path, message) => {
    expect(await messageAt(`/trpc/${path}`)).toEqual([404, message]);
    expect(await messageAt(`/trpc/${path}`, 'POST')).toEqual([404, message]);
    expect(await messageAt(`/trpc/${path},items.get?batch=1`)).toEqual([207, message]);
  });

  test.each(mistakes)('%s, over a WebSocket', async (path, message) => {
    expect(await socketMessage('query', path)).toBe(message);
  });

  test('to a stock client', async () => {
    const client = createTRPCClient({ links: [httpBatchLink({ url: `${suite.service.url}/trpc` })] });
    const call = (client as unknown as { items: { gett: { query(): Promise<unknown> } } }).items.gett.query();
    await expect(call).rejects.toThrow('Did you mean "items.get"?');
  });

  test('a long name is shortened', async () => {
    const [status, message] = await messageAt(`/trpc/${'x'.repeat(10_000)}`);
    expect([status, message.length]).toEqual([404, 149]);
  });
});

async function socketMessage(method: string, path: string): Promise<unknown> {
  const socket = new WebSocket(`${suite.service.url.replace('http', 'ws')}/trpc`);
  suite.cleanups.push(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ id: 1, method, params: { path } }));
  const [data] = await once(socket, 'message');
  return JSON.parse(String(data)).error.message;
}

test.each([
  ['query', 'stock.brief', '"stock.brief" is a mutation: send "method": "mutation"'],
  ['mutation', 'items.get', '"items.get" is a query: send "method": "query"'],
  ['query', 'ticks.watch', '"ticks.watch" is a subscription: send "method": "subscription"'],
])('a %s of %s, which is another kind', async (method, path, message) => {
  expect(await socketMessage(method, path)).toBe(message);
});

test.each([
  ['/heatlh', 'Unknown path "/heatlh". Did you mean "/health"?'],
  ['/healthz', 'Unknown path "/healthz". Did you mean "/health"?'],
  ['/api/states', 'Unknown path "/api/states". Did you mean "/api/status"?'],
  ['/items.get', 'Unknown path "/items.get". Did you mean "/trpc/items.get"?'],
  ['/favicon.ico', 'Unknown path "/favicon.ico".'],
])('an unknown path: %s', async (path, message) => {
  expect(await messageAt(path)).toEqual([404, message]);
});

describe('a refused caller learns who may call', () => {
  const as = async (kind: 'user' | 'service') =>
    kind === 'user'
      ? `Bearer ${await suite.identity.userToken()}`
      : `Service-Token ${await suite.identity.serviceToken('other')}`;

  test.each([
    ['/trpc/stock.take', 'user', 'This caller may not call this procedure. It is for the service till'],
    ['/trpc/stock.take', 'service', 'This caller may not call this procedure. It is for the service till'],
    [
      '/trpc/stock.takeFor',
      'user',
      'This caller may not call this procedure. It is for the service till for users',
    ],
    ['/trpc/stock.take', undefined, 'This procedure needs credentials. It is for the service till'],
    [
      '/api/mesh',
      'user',
      'This caller may not call this procedure. It is for administrators, or any service',
    ],
  ] as const)('%s, as %s', async (path, kind, message) => {
    const authorization = kind && (await as(kind));
    const { body } = await request(suite.service.url + path, {
      method: path === '/api/mesh' ? 'GET' : 'POST',
      headers: { ...(authorization !== undefined && { authorization }) },
    });
    expect(await body.json()).toMatchObject({ error: { message } });
  });

  test('over a WebSocket too', async () => {
    expect(await socketMessage('mutation', 'stock.take')).toBe(
      'This procedure needs credentials. It is for the service till',
    );
  });
});
