import { once } from 'node:events';
import { connect } from 'node:net';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ShopSuite } from '../../testing/shop-suite.ts';

const suite = new ShopSuite();

type Sent = { method?: 'POST' | 'DELETE'; body?: Buffer; headers?: Record<string, string> };

const json = { 'content-type': 'application/json' };
const long = Buffer.alloc(5 * 1024 * 1024, ' ');
async function* inChunks() {
  for (let at = 0; at < long.length; at += 65_536) yield long.subarray(at, at + 65_536);
}

describe('a refused request has its id in the header and in the error', () => {
  test.each([
    ['an unknown path', 404, '/nothing', {}],
    ['an unknown procedure', 404, '/trpc/items.nothing', {}],
    ['an unknown procedure of a batch', 404, '/trpc/items.nothing,items.nothing?batch=1', {}],
    ['a wrong method', 405, '/trpc/items.get', { method: 'DELETE' } as const],
    ['a wrong method of a path', 405, '/health', { method: 'POST' } as const],
    ['a mutation by GET', 405, '/trpc/stock.brief', {}],
    ['a body that is too long', 413, '/trpc/stock.brief', { method: 'POST', body: long } as const],
    ['the same in chunks', 413, '/trpc/stock.brief', { method: 'POST', body: inChunks() as never } as const],
    [
      'a form',
      415,
      '/trpc/stock.brief',
      { method: 'POST', body: Buffer.from('x'), headers: { 'content-type': 'multipart/x' } } as const,
    ],
    [
      'a token that is none',
      401,
      '/trpc/stock.take',
      { method: 'POST', headers: { authorization: 'Bearer x' } } as const,
    ],
    [
      'the same in a batch',
      401,
      '/trpc/stock.take?batch=1',
      { method: 'POST', headers: { authorization: 'Bearer x' } } as const,
    ],
    ['no credentials', 401, '/api/mesh', {}],
    ['a batch that is too long', 400, `/trpc/${'items.get,'.repeat(21)}?batch=1`, {}],
    ['an escape that is none', 400, '/trpc/%zz', {}],
  ])('%s: %i', async (what, status, path, init: Sent) => {
    const id = what.replaceAll(' ', '-');
    const headers = { ...json, ...init.headers, 'x-request-id': id };
    const answer = await request(suite.service.url + path, { ...init, headers });
    const body = [await answer.body.json()].flat()[0];
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['x-request-id']).toBe(id);
    expect(body).toMatchObject({ error: { data: { requestId: id, httpStatus: status } } });
  });

  test.each([
    ['another path', '/other', {}, 404],
    ['a token that is none', '/trpc', { authorization: 'Bearer x' }, 401],
    ['a page of another origin', '/trpc', { origin: 'https://evil.example' }, 403],
  ])('a WebSocket at %s', async (_what, path, headers, status) => {
    const socket = new WebSocket(`${suite.service.url.replace('http', 'ws')}${path}`, {
      headers: { 'x-request-id': 'socket-1', ...headers },
    });
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    expect([response.statusCode, response.headers['x-request-id']]).toEqual([status, 'socket-1']);
    expect(JSON.parse(Buffer.concat(await response.toArray()).toString())).toMatchObject({
      error: { data: { requestId: 'socket-1' } },
    });
  });
});

test.each([
  ['bytes that are no HTTP', 'this is no HTTP'],
  ['an upgrade of no version', 'GET /trpc HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket'],
  ['an expectation that nobody meets', 'GET /health HTTP/1.1\r\nhost: x\r\nexpect: tea\r\nconnection: close'],
])('%s are answered with an id that was made up', async (_what, sent) => {
  const socket = connect(suite.service.port, '127.0.0.1');
  suite.cleanups.push(() => socket.destroy());
  socket.end(`${sent}\r\n\r\n`);
  const answer = Buffer.concat(await socket.toArray()).toString();
  const [, id] = /x-request-id: ([\da-f-]{36})/.exec(answer) ?? [];
  expect(answer).toContain(`"requestId":"${id}"`);
});

describe('over a WebSocket', () => {
  async function refusalOf(message: unknown) {
    const socket = new WebSocket(`${suite.service.url.replace('http', 'ws')}/trpc`);
    suite.cleanups.push(() => socket.terminate());
    await once(socket, 'open');
    socket.send(JSON.stringify(message));
    const [data] = await once(socket, 'message');
    return JSON.parse(String(data)).error.data.requestId as unknown;
  }
  const call = (path: string, method = 'query') => ({
    id: 1,
    method,
    params: { path },
    headers: { 'x-request-id': 'mine-1' },
  });

  test('a call that is refused has the id that its caller gave', async () => {
    expect(await refusalOf(call('nothing'))).toBe('mine-1');
    expect(await refusalOf(call('stock.hang'))).toBe('mine-1');
    expect(await refusalOf(call('stock.take', 'mutation'))).toBe('mine-1');
    expect(await refusalOf([call('stock.hang', 'mutation'), call('stock.hang', 'mutation')])).toBe('mine-1');
  });

  test('one that is not a call has one that was made up', async () => {
    expect(await refusalOf({ id: 1, method: 'steal' })).toMatch(/^[\da-f-]{36}$/);
    expect(await refusalOf(7)).toMatch(/^[\da-f-]{36}$/);
  });
});
