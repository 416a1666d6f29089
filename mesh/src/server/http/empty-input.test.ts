import { once } from 'node:events';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ShopSuite } from '../../testing/shop-suite.ts';

const suite = new ShopSuite();

const json = 'application/json';
type Sent = { type?: string; body?: string };

async function post(path: string, { type, body = '' }: Sent) {
  const headers = { ...(type !== undefined && { 'content-type': type }) };
  const answer = await request(`${suite.service.url}/trpc/${path}`, { method: 'POST', body, headers });
  return { status: answer.statusCode, body: await answer.body.text() };
}

async function socketAnswer(message: unknown) {
  const socket = new WebSocket(`${suite.service.url.replace('http', 'ws')}/trpc`);
  suite.cleanups.push(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify(message));
  const [data] = await once(socket, 'message');
  return JSON.parse(String(data)) as unknown;
}

describe('a procedure without input takes what is empty', () => {
  test.each<[string, Sent]>([
    ['no body', {}],
    ['no body, of JSON', { type: json }],
    ['no body, as fetch sends one', { type: 'text/plain;charset=UTF-8' }],
    ['no body, as curl -d sends one', { type: 'application/x-www-form-urlencoded' }],
    ['an empty object', { type: json, body: '{}' }],
    ['null', { type: json, body: 'null' }],
  ])('%s', async (_what, sent) => {
    expect(await post('stock.brief', sent)).toMatchObject({ status: 200, body: '{"result":{"data":{}}}' });
    expect(suite.state.briefCalls).toBe(1);
  });

  test.each<[string, Sent]>([
    ['no body', {}],
    ['empty objects', { type: json, body: '{"0":{},"1":{}}' }],
    ['nulls', { type: json, body: '{"0":null,"1":null}' }],
  ])('a batch of %s', async (_what, sent) => {
    expect(await post('stock.brief,stock.brief?batch=1', sent)).toMatchObject({ status: 200 });
    expect(suite.state.briefCalls).toBe(2);
  });

  test.each([{}, { input: {} }, { input: null }])('over a WebSocket, %j', async (input) => {
    const message = { id: 1, method: 'mutation', params: { path: 'stock.brief', ...input } };
    expect(await socketAnswer(message)).toMatchObject({ result: { data: {} } });
  });
});

describe('what is not empty is refused, and nothing is done', () => {
  test.each<[string, Sent, number]>([
    ['an object with a member', { type: json, body: '{"n":1}' }, 400],
    ['an array', { type: json, body: '[]' }, 400],
    ['a text', { type: json, body: '""' }, 400],
    ['false', { type: json, body: 'false' }, 400],
    ['a space', { type: json, body: ' ' }, 400],
    ['another type', { type: 'text/plain', body: '{}' }, 415],
  ])('%s', async (_what, sent, status) => {
    expect(await post('stock.brief', sent)).toMatchObject({ status });
    expect(suite.state.briefCalls).toBe(0);
  });

  test('where an input is needed, none is told from an empty one', async () => {
    expect(await post('items.get', {})).toMatchObject({ status: 400 });
    expect(await post('items.get', { type: json, body: '{}' })).toMatchObject({ status: 400 });
  });
});
