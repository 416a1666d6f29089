import diagnostics from 'node:diagnostics_channel';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getEventListeners, once } from 'node:events';
import { safe, TRPCClientError } from '@trpc/client';
import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { anyone, contract, error, mutation, query, services } from '../contract/index.ts';
import { scopes } from '../telemetry/index.ts';
import { recordingLogger } from '../testing/index.ts';
import { MeshError, startTrace } from '../wire/index.ts';
import { connect } from './index.ts';

const shop = contract('shop', {
  items: {
    get: query({
      summary: 'One item',
      input: z.object({ id: z.int(), note: z.string().optional() }),
      output: z.object({ name: z.string() }),
      access: anyone,
      errors: { ITEM_NOT_FOUND: error('NOT_FOUND', 'There is no such item', z.object({ id: z.int() })) },
    }),
    add: mutation({ summary: 'Once', output: z.object({}), access: services('till') }),
    touch: mutation({ summary: 'Answers nothing', output: z.void(), access: services('till') }),
    slow: query({ summary: 'Takes its time', output: z.object({}), access: anyone, timeoutMs: 20_000 }),
    big: query({ summary: 'Any input', input: z.unknown(), output: z.object({}), access: anyone }),
    put: mutation({
      summary: 'As often as you like',
      output: z.object({}),
      access: services('till'),
      idempotent: true,
    }),
  },
});

type Answerer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A server that answers each request as the test says, and keeps what it received. */
async function startPeer(answer: Answerer) {
  const received: { url: string; method: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      received.push({ url: request.url ?? '', method: request.method ?? '', headers: request.headers, body });
      answer(request, response, body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function client(url: string, options: { timeoutMs?: number; attempts?: number; baseMs?: number } = {}) {
  const log = recordingLogger();
  const { timeoutMs = 5000, attempts = 3, baseMs = 5 } = options;
  const made = connect(shop, {
    as: 'till',
    url,
    token: 'secret-token',
    log,
    timeoutMs,
    retryPolicy: { attempts, baseMs, jitter: 0 },
    transport: 'http',
  });
  cleanups.push(() => made[Symbol.asyncDispose]());
  return { shop: made, log };
}

const json = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
const ok = (response: ServerResponse, data: unknown) => json(response, 200, { result: { data } });
const fail = (response: ServerResponse, status: number, code: string, named?: unknown) =>
  json(response, status, {
    error: { message: code, code: -32603, data: { code, httpStatus: status, error: named } },
  });

describe('a call', () => {
  test('leaves nothing on the signals of its caller, however it ends', async () => {
    const peer = await startPeer((_request, response) =>
      peer.received.length % 2 ? fail(response, 503, 'SERVICE_UNAVAILABLE') : ok(response, { name: 'a' }),
    );
    const { shop: made } = client(peer.url);
    const longLived = new AbortController().signal;
    const composite = AbortSignal.any([longLived, AbortSignal.timeout(60_000)]);
    const handler = new AbortController().signal;
    const left = () =>
      [longLived, composite, handler].map((signal) => getEventListeners(signal, 'abort').length);
    const scope = { requestId: 'r', trace: startTrace(), deadline: Infinity, signal: handler };
    for (const signal of [longLived, composite]) {
      const call = scopes.run(scope, () => made.items.get.query({ id: 1 }, { signal }));
      expect(left()[2]).toBe(1);
      await call;
      await made.items.add.mutate(undefined, { signal }).catch(() => {});
      await made.items.add.mutate(undefined, { signal }).catch(() => {});
      expect(left()).toEqual([0, 0, 0]);
    }
  });

  test('brings the token, the time left and a request id, and no trace that nobody began', async () => {
    const peer = await startPeer((_request, response) => ok(response, { name: 'pen' }));
    expect(await client(peer.url).shop.items.get.query({ id: 1 })).toEqual({ name: 'pen' });
    const [request] = peer.received;
    expect(request).toMatchObject({
      method: 'GET',
      url: `/trpc/items.get?input=${encodeURIComponent('{"id":1}')}`,
    });
    expect(request?.headers).toMatchObject({
      authorization: 'Service-Token secret-token',
      'x-request-id': expect.stringMatching(/^[\da-f-]{36}$/),
    });
    expect(request?.headers).not.toHaveProperty('traceparent');
    expect(Number(request?.headers['x-timeout-ms'])).toBeGreaterThan(4000);
  });

  test('made by a handler carries on its trace, its request id and its deadline', async () => {
    const peer = await startPeer((_request, response) => ok(response, { name: 'pen' }));
    const trace = startTrace(true);
    const scope = {
      requestId: 'outer-1',
      trace,
      deadline: performance.now() + 1000,
      signal: new AbortController().signal,
    };
    await scopes.run(scope, () => client(peer.url).shop.items.get.query({ id: 1 }));
    const headers = peer.received[0]?.headers;
    expect(headers?.['x-request-id']).toBe('outer-1');
    expect(headers?.['traceparent']).toBe(`00-${trace.traceId}-${trace.spanId}-01`);
    expect(Number(headers?.['x-timeout-ms'])).toBeLessThanOrEqual(1000);
  });

  test('with an input too long for a URL goes as POST', async () => {
    const peer = await startPeer((_request, response) => ok(response, { name: 'pen' }));
    await client(peer.url).shop.items.get.query({ id: 1, note: 'x'.repeat(3000) });
    expect(peer.received[0]).toMatchObject({ method: 'POST', url: '/trpc/items.get' });
  });

  test('made for a user brings both tokens', async () => {
    const peer = await startPeer((_request, response) => ok(response, {}));
    await client(peer.url).shop.items.put.mutate(undefined, { context: { userToken: 'ann' } });
    expect(peer.received[0]?.headers).toMatchObject({
      authorization: 'Service-Token secret-token',
      'x-user-token': 'ann',
    });
  });

  test('that is refused has a typed error', async () => {
    const named = { name: 'ITEM_NOT_FOUND', data: { id: 9 } };
    const peer = await startPeer((_request, response) => fail(response, 404, 'NOT_FOUND', named));
    const [data, failure] = await safe(client(peer.url).shop.items.get.query({ id: 9 }));
    expect(data).toBeUndefined();
    expect(failure).toBeInstanceOf(TRPCClientError);
    const typed = failure?.data?.error;
    expect(typed).toEqual(named);
    expectTypeOf(typed).toEqualTypeOf<
      Readonly<{ name: 'ITEM_NOT_FOUND'; data: { id: number } }> | undefined
    >();
  });
});

test('an answer without content is one', async () => {
  const peer = await startPeer((_request, response) => json(response, 200, { result: {} }));
  expect(await client(peer.url).shop.items.touch.mutate()).toBeUndefined();
});

test('a contract may ask for more time than the client gives by default', async () => {
  const peer = await startPeer((_request, response) => ok(response, {}));
  await client(peer.url).shop.items.slow.query();
  expect(Number(peer.received[0]?.headers['x-timeout-ms'])).toBeGreaterThan(15_000);
});

test('a client that is closed ends its calls at once, and makes no others', async () => {
  const peer = await startPeer(() => {});
  const { shop: made, log } = client(peer.url, { baseMs: 60_000 });
  const call = made.items.get.query({ id: 1 }).catch((thrown: unknown) => thrown);
  await expect.poll(() => peer.received.length).toBe(1);
  await made[Symbol.asyncDispose]();
  expect(await call).toMatchObject({
    data: { code: 'CLIENT_CLOSED_REQUEST' },
    message: 'The client was closed',
  });
  expect(log.lines).toHaveLength(0);
});

describe('a call that fails', () => {
  test('is made again where that is safe, and every failure is logged', async () => {
    const peer = await startPeer((_request, response) =>
      peer.received.length < 3 ? fail(response, 503, 'SERVICE_UNAVAILABLE') : ok(response, { name: 'pen' }),
    );
    const { shop: made, log } = client(peer.url);
    expect(await made.items.get.query({ id: 1 })).toEqual({ name: 'pen' });
    expect(peer.received).toHaveLength(3);
    expect(log.lines.map(({ fields }) => fields['retry_count'])).toEqual([0, 1]);
    expect(log.lines[0]).toMatchObject({
      level: 'warn',
      fields: {
        endpoint: `${peer.url}/trpc/items.get`,
        error: 'SERVICE_UNAVAILABLE',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        context: { retry_in_ms: 5 },
      },
    });
    expect(JSON.stringify(log.lines)).not.toContain('secret-token');
  });

  test('gives up after three retries', async () => {
    const peer = await startPeer((_request, response) => fail(response, 503, 'SERVICE_UNAVAILABLE'));
    const failure = await client(peer.url)
      .shop.items.put.mutate()
      .catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' } });
    expect(peer.received).toHaveLength(4);
  });

  test('is not made again when it may have been done', async () => {
    const peer = await startPeer((request) => request.socket.destroy());
    const failure = await client(peer.url)
      .shop.items.add.mutate()
      .catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' } });
    expect(peer.received).toHaveLength(1);
  });

  test('is made again when it never reached the server', async () => {
    const peer = await startPeer((_request, response) => ok(response, {}));
    const { shop: made, log } = client('http://127.0.0.1:9', { attempts: 2 });
    await expect(made.items.add.mutate()).rejects.toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' } });
    expect(log.lines).toHaveLength(3);
    expect(peer.received).toHaveLength(0);
  });

  test.each([
    [400, 'BAD_REQUEST'],
    [401, 'UNAUTHORIZED'],
    [409, 'CONFLICT'],
    [500, 'INTERNAL_SERVER_ERROR'],
  ])('with %s is not made again', async (status, code) => {
    const peer = await startPeer((_request, response) => fail(response, status, code));
    await expect(client(peer.url).shop.items.get.query({ id: 1 })).rejects.toMatchObject({ data: { code } });
    expect(peer.received).toHaveLength(1);
  });

  test('for want of time is TIMEOUT', async () => {
    const peer = await startPeer(() => {});
    const { shop: made } = client(peer.url, { timeoutMs: 30, attempts: 1 });
    await expect(made.items.get.query({ id: 1 })).rejects.toMatchObject({ data: { code: 'TIMEOUT' } });
    expect(peer.received).toHaveLength(2);
  });

  test('because its caller cancelled it is neither made again nor logged', async () => {
    const peer = await startPeer(() => {});
    const gone = new AbortController();
    const { shop: made, log } = client(peer.url);
    const call = made.items.get.query({ id: 1 }, { signal: gone.signal }).catch((thrown: unknown) => thrown);
    await expect.poll(() => peer.received.length).toBe(1);
    gone.abort();
    expect(await call).toMatchObject({ data: { code: 'CLIENT_CLOSED_REQUEST' } });
    expect([peer.received.length, log.lines.length]).toEqual([1, 0]);
  });

  test('because its connection broke is not made again, whatever the system calls that', async () => {
    const peer = await startPeer(() => {});
    const sockets: Socket[] = [];
    const onConnected = (message: unknown) => sockets.push((message as { socket: Socket }).socket);
    diagnostics.subscribe('undici:client:connected', onConnected);
    const call = client(peer.url)
      .shop.items.add.mutate()
      .catch((thrown: unknown) => thrown);
    await expect.poll(() => peer.received.length).toBe(1);
    diagnostics.unsubscribe('undici:client:connected', onConnected);
    const broken = Object.assign(new Error('no route'), { code: 'EHOSTUNREACH', syscall: 'read' });
    for (const socket of sockets) socket.destroy(broken);
    expect(await call).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' } });
    expect(peer.received).toHaveLength(1);
  });

  test('because the time of the call around it is up is logged too', async () => {
    const peer = await startPeer(() => {});
    const { shop: made, log } = client(peer.url);
    const passed = new AbortController();
    const scope = {
      requestId: 'outer',
      trace: startTrace(),
      deadline: performance.now() + 60_000,
      signal: passed.signal,
    };
    const call = scopes.run(scope, () => made.items.get.query({ id: 1 })).catch((thrown: unknown) => thrown);
    await expect.poll(() => peer.received.length).toBe(1);
    passed.abort(new MeshError('TIMEOUT', 'The call did not finish within 50 ms'));
    expect(await call).toMatchObject({ data: { code: 'TIMEOUT' } });
    expect(log.lines).toMatchObject([{ fields: { code: 'TIMEOUT', retry_count: 0 } }]);
  });

  test('because it cannot be sent is the caller’s mistake, and not made again', async () => {
    const peer = await startPeer((_request, response) => ok(response, {}));
    const { shop: made, log } = client(peer.url);
    await expect(made.items.big.query(1n)).rejects.toMatchObject({ data: { code: 'BAD_REQUEST' } });
    expect([log.lines.length, peer.received.length]).toEqual([1, 0]);
  });

  test('because the answer breaks the contract is not handed out', async () => {
    const peer = await startPeer((_request, response) => ok(response, { name: 7 }));
    await expect(client(peer.url).shop.items.get.query({ id: 1 })).rejects.toMatchObject({
      data: { code: 'INTERNAL_SERVER_ERROR' },
    });
  });

  test.each([
    ['a page of HTML', (response: ServerResponse) => response.writeHead(502).end('<html>Bad gateway</html>')],
    ['half an answer', (response: ServerResponse) => response.writeHead(200).end('{"result":{"da')],
    ['JSON of another kind', (response: ServerResponse) => json(response, 200, { hello: 'world' })],
  ])('with %s is BAD_GATEWAY', async (_what, answer) => {
    const peer = await startPeer((_request, response) => answer(response));
    const { shop: made } = client(peer.url, { attempts: 0 });
    await expect(made.items.get.query({ id: 1 })).rejects.toMatchObject({ data: { code: 'BAD_GATEWAY' } });
  });
});
