import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  connect as connectTcp,
  createServer as createTcpServer,
  type AddressInfo,
  type Socket,
} from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { recordingLogger } from '../../../testing/index.ts';
import { defaultRetryPolicy } from '../../../resilience/index.ts';
import { ShopSuite } from '../../../testing/shop-suite.ts';

const suite = new ShopSuite();

/** A TCP proxy that counts connections and what goes through, and can be told to break. */
async function startProxy(handle: (socket: Socket, connect: () => Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    handle(socket, () => {
      const upstream = connectTcp(suite.service.port, '127.0.0.1');
      sockets.add(upstream);
      upstream.on('error', () => socket.destroy());
      return upstream;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  suite.cleanups.push(() => {
    server.close();
    cut();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cut };
}

const token = () => suite.identity.serviceToken('till');

describe('a client', () => {
  test('sends all calls of a turn in one message, and gets the answers in one', async () => {
    const seen: string[] = [];
    const proxy = await startProxy((socket, open) => {
      const upstream = open();
      socket.pipe(upstream);
      upstream.pipe(socket);
      upstream.on('data', (chunk: Buffer) => seen.push(chunk.toString('latin1')));
    });
    const made = suite.client({ url: proxy.url });
    const first = await made.items.get.query({ id: 1 });
    seen.length = 0;
    const rest = await Promise.all([2, 3, 4].map((id) => made.items.get.query({ id })));
    expect([first, ...rest].map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatch(/\[\{"id":\d+,.*"id":2,.*"id":3,.*"id":4,/);
  });

  test('is known by its token, and by its user’s', async () => {
    const made = suite.client({ token: await token() });
    expect(await made.stock.take.mutate()).toEqual({ by: 'till' });
    const userToken = await suite.identity.userToken({ name: 'Ann' });
    expect(await made.stock.takeFor.mutate(undefined, { context: { userToken } })).toEqual({
      by: 'till for Ann',
    });
    await expect(suite.client().stock.take.mutate()).rejects.toMatchObject({
      data: { code: 'UNAUTHORIZED' },
    });
    await expect(suite.client({ token: 'a.b.c' }).stock.take.mutate()).rejects.toMatchObject({
      data: { code: 'UNAUTHORIZED' },
    });
  });

  test('gets typed errors, refused inputs and time-outs as over HTTP', async () => {
    const made = suite.client({ timeoutMs: 60 });
    const failures = [
      made.items.get.query({ id: 101 }),
      made.items.get.query({ id: 0 }),
      made.stock.hang.mutate(),
    ].map((one) => one.catch((thrown: unknown) => thrown));
    expect(await Promise.all(failures)).toMatchObject([
      {
        data: { code: 'NOT_FOUND', path: 'items.get', error: { name: 'ITEM_NOT_FOUND', data: { id: 101 } } },
      },
      { data: { code: 'BAD_REQUEST', issues: [{ path: ['id'] }] } },
      { data: { code: 'TIMEOUT' } },
    ]);
  });

  test('that calls off a call ends its handler', async () => {
    const off = new AbortController();
    const made = suite.client().stock.hang.mutate(undefined, { signal: off.signal });
    await vi.waitFor(() => expect(suite.state.hung).toHaveLength(1));
    off.abort();
    await expect(made).rejects.toMatchObject({ data: { code: 'CLIENT_CLOSED_REQUEST' } });
    await vi.waitFor(() => expect(suite.state.hung[0]?.aborted).toBe(true));
  });

  test('that goes away ends its handlers', async () => {
    const made = suite.client();
    const hanging = made.stock.hang.mutate().catch((thrown: unknown) => thrown);
    await vi.waitFor(() => expect(suite.state.hung).toHaveLength(1));
    await made[Symbol.asyncDispose]();
    expect(await hanging).toMatchObject({ data: { code: 'CLIENT_CLOSED_REQUEST' } });
    await vi.waitFor(() => expect(suite.state.hung[0]?.aborted).toBe(true));
  });

  test('sends nothing that is longer than a message may be', async () => {
    // Both ends are in this process: what holds it up may be refused.
    const made = suite.client({ retryPolicy: defaultRetryPolicy });
    await expect(made.items.echo.query({ text: 'x'.repeat(2_100_000) })).rejects.toMatchObject({
      data: { code: 'PAYLOAD_TOO_LARGE' },
    });
    const long = 'ü'.repeat(500_000);
    expect((await made.items.echo.query({ text: long })).text).toHaveLength(1_000_000);
    const many = await Promise.all(
      [1, 2, 3, 4, 5].map(() => made.items.echo.query({ text: 'y'.repeat(400_000) })),
    );
    expect(many.map(({ text }) => text.length)).toEqual([1, 2, 3, 4, 5].map(() => 800_000));
  });

  test('uses a renewed token at once', async () => {
    let current = await token();
    const made = suite.client({ token: () => current });
    await made.stock.take.mutate();
    current = await suite.identity.serviceToken('stranger');
    await expect(made.stock.take.mutate()).rejects.toMatchObject({ data: { code: 'FORBIDDEN' } });
    current = await token();
    expect(await made.stock.take.mutate()).toEqual({ by: 'till' });
  });
});

describe('where no WebSocket is to be had', () => {
  test('calls go over HTTP, which is said once', async () => {
    const plain = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"result":{"data":{"id":1,"name":"old proxy"}}}');
    });
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    suite.cleanups.push(() => plain.close());
    const said = recordingLogger();
    const made = suite.client({
      url: `http://127.0.0.1:${(plain.address() as AddressInfo).port}`,
      log: said,
    });
    for (const id of [1, 2]) expect(await made.items.get.query({ id })).toMatchObject({ name: 'old proxy' });
    expect(said.lines.map(({ message }) => message)).toEqual([
      'the endpoint accepts no WebSocket; calls go over HTTP',
    ]);
  });

  test('nobody at all is SERVICE_UNAVAILABLE, and a call may be made again', async () => {
    const { url } = suite.service;
    await suite.service.stop();
    const made = suite.client({ url });
    const failure = await made.stock.take.mutate().catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' }, cause: { reached: false } });
  });
});

describe('a connection that is lost', () => {
  test('fails what is under way as unanswered, and the next call opens another', async () => {
    const proxy = await startProxy((socket, open) => {
      const upstream = open();
      socket.pipe(upstream).pipe(socket);
    });
    const made = suite.client({ url: proxy.url });
    const lost = made.stock.slow.mutate().catch((thrown: unknown) => thrown);
    await vi.waitFor(() => expect(suite.state.slowCalls).toBe(1));
    proxy.cut();
    expect(await lost).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' }, cause: { reached: true } });
    expect(await made.items.get.query({ id: 7 })).toMatchObject({ id: 7 });
  });
});

describe('a service that stops', () => {
  test('answers what is under way and sends its callers elsewhere, without an error', async () => {
    let target = suite.service;
    const successor = await suite.start();
    const proxy = await startProxy((socket) => {
      const upstream = connectTcp(target.port, '127.0.0.1');
      upstream.on('error', () => socket.destroy());
      socket.pipe(upstream).pipe(socket);
      socket.on('close', () => upstream.destroy());
    });
    const made = suite.client({ url: proxy.url });
    const slow = made.stock.slow.mutate();
    await vi.waitFor(() => expect(suite.state.slowCalls).toBe(1));
    let calls = 0;
    const over = new AbortController();
    suite.cleanups.push(() => over.abort());
    const loops = [1, 2, 3, 4].map(async () => {
      while (!over.signal.aborted) {
        await made.items.get.query({ id: ((calls += 1) % 100) + 1 });
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    target = successor;
    const stopped = suite.service.stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    suite.state.finish.resolve();
    expect(await slow).toEqual({ n: 1 });
    await stopped;
    await new Promise((resolve) => setTimeout(resolve, 100));
    over.abort();
    await Promise.all(loops);
    expect(calls).toBeGreaterThan(20);
  });
});
