import { once } from 'node:events';
import { connect } from 'node:net';
import { createTRPCClient, httpBatchLink, httpBatchStreamLink } from '@trpc/client';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { RouterOf } from '../../contract/index.ts';
import type { shop } from '../../testing/shop.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';

const suite = new ShopSuite();

async function ask(path: string, init: Parameters<typeof request>[1] = {}) {
  const { statusCode: status, headers, body } = await request(suite.service.url + path, init);
  return { status, headers, body: (await body.json()) as { error: { message: string } } };
}

const json = { 'content-type': 'application/json' };

describe('a batch of more calls than a service takes says how many it takes, and none is made', () => {
  const message = (calls: number) =>
    `A batch may hold at most 20 calls, and this one holds ${calls}: send several (httpBatchLink: maxItems: 20)`;

  test.each([
    ['httpBatchLink', httpBatchLink],
    ['httpBatchStreamLink', httpBatchStreamLink],
  ])('%s', async (_name, link) => {
    const client = (maxItems?: number) =>
      createTRPCClient<RouterOf<typeof shop>>({
        links: [link({ url: `${suite.service.url}/trpc`, ...(maxItems && { maxItems }) })],
      });
    const all = (made: ReturnType<typeof client>) =>
      Promise.allSettled(Array.from({ length: 21 }, (_, n) => made.items.get.query({ id: n + 1 })));
    for (const outcome of await all(client()))
      expect(outcome).toMatchObject({
        reason: { message: message(21), data: { code: 'BAD_REQUEST', httpStatus: 400 } },
      });
    expect((await all(client(20))).map(({ status }) => status)).toEqual(Array(21).fill('fulfilled'));
  });

  test.each([
    ['mutations by POST', 'stock.brief', ',', 21],
    ['with commas that are escaped', 'stock.brief', '%2C', 40],
    ['of what is not there', 'stock.nothing', '%2c', 500],
  ])('%s', async (_what, path, comma, calls) => {
    const target = `/trpc/${Array(calls).fill(path).join(comma)}?batch=1`;
    const { status, body } = await ask(target, { method: 'POST', body: '{}', headers: json });
    expect([status, body.error.message]).toEqual([400, message(calls)]);
    expect(suite.state.briefCalls).toBe(0);
  });

  test('one of twenty is answered, however the flag is written', async () => {
    const { status } = await ask(
      `/trpc/${Array(20).fill('items.get').join(',')}?b%61tch=1&input=${encodeURIComponent('{"0":{"id":1}}')}`,
    );
    expect(status).toBe(207);
  });
});

describe('a body that is too long says how long it may be', () => {
  const long = Buffer.alloc(5 * 1024 * 1024, ' ');
  async function* inChunks() {
    for (let at = 0; at < long.length; at += 65_536) yield long.subarray(at, at + 65_536);
  }

  test.each([
    ['with its length', 'stock.brief', () => long],
    ['in chunks', 'stock.brief', () => inChunks() as never],
    ['of a batch, in chunks', 'stock.brief,stock.brief?batch=1', () => inChunks() as never],
  ])('%s', async (_what, path, body) => {
    const init = { method: 'POST', headers: json, body: body() } as const;
    const answer = (await ask(`/trpc/${path}`, init)).body;
    const [{ error }] = [answer].flat() as [typeof answer];
    expect(error).toMatchObject({
      message: expect.stringMatching(/^The body is longer than \d+ bytes: send it in parts$/),
      data: { code: 'PAYLOAD_TOO_LARGE', httpStatus: 413 },
    });
  });
});

test('a URL that is too long says that an input may be sent in the body', async () => {
  const socket = connect(suite.service.port, '127.0.0.1');
  suite.cleanups.push(() => socket.destroy());
  socket.end(`GET /trpc/items.echo?input=${'x'.repeat(17_000)} HTTP/1.1\r\nhost: x\r\n\r\n`);
  const answer = Buffer.concat(await socket.toArray()).toString();
  expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  expect(answer).toContain('longer than 16 KiB: send a long input by POST, in the body');
});

describe('who asks too often learns how often one may', () => {
  test('over HTTP', async () => {
    suite.service = await suite.start({ rateLimit: { callsPerMinute: 2 } });
    for (let n = 0; n < 2; n += 1) await ask('/trpc/items.get?input={"id":1}');
    expect(await ask('/trpc/items.get?input={"id":1}')).toMatchObject({
      status: 429,
      body: {
        error: {
          message:
            'Too many calls of procedures that need no credentials from this address: at most 2 in 60 s',
        },
      },
    });
  });

  test('over a WebSocket, and where one is opened', async () => {
    suite.service = await suite.start({ rateLimit: { callsPerMinute: 20 } });
    const url = `${suite.service.url.replace('http', 'ws')}/trpc`;
    const socket = new WebSocket(url, 'trpc-array');
    await once(socket, 'open');
    const nothing = (id: number) => ({ id, method: 'query', params: { path: 'nothing' } });
    socket.send(JSON.stringify(Array.from({ length: 10 }, (_, id) => nothing(id))));
    const [, reason] = await once(socket, 'close');
    expect(String(reason)).toBe('Too many calls of unknown procedures: at most 2 in 60 s');
    const next = new WebSocket(url);
    next.on('error', () => {});
    const [, response] = await once(next, 'unexpected-response');
    expect(Buffer.concat(await response.toArray()).toString()).toContain(
      'Too many invalid messages from this caller: at most 2 in 60 s',
    );
  });
});
