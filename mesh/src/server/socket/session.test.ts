import { once } from 'node:events';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { RouterOf } from '../../contract/index.ts';
import type { shop } from '../../testing/shop.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';

const suite = new ShopSuite();

/** A raw WebSocket, and the messages that came in on it. */
async function openRaw(path = '/trpc', protocol: string[] = [], headers: Record<string, string> = {}) {
  const socket = new WebSocket(`${suite.service.url.replace('http', 'ws')}${path}`, protocol, { headers });
  suite.cleanups.push(() => socket.terminate());
  const received: unknown[] = [];
  socket.on('message', (data) => {
    const text = (data as Buffer).toString();
    received.push(text === 'PONG' ? text : JSON.parse(text));
  });
  await once(socket, 'open');
  return { socket, received, send: (message: unknown) => socket.send(JSON.stringify(message)) };
}

const token = () => suite.identity.serviceToken('till');
const call = (id: number, n = 1) => ({
  id,
  method: 'query',
  params: { path: 'items.get', input: { id: n } },
});

describe('the server', () => {
  test('answers one by one those who did not ask for arrays', async () => {
    const { received, send } = await openRaw();
    send([call(1), call(2)]);
    await vi.waitFor(() => expect(received).toHaveLength(2));
    expect(received).toMatchObject([
      { id: 1, result: { type: 'data', data: { id: 1 } } },
      { id: 2, result: { type: 'data', data: { id: 1 } } },
    ]);
  });

  test.each([
    ['no JSON', '{', null],
    ['a number', '7', null],
    ['no id', '{"method":"query","params":{"path":"items.get"}}', null],
    ['an id of a wrong kind', '{"id":{},"method":"query","params":{"path":"items.get"}}', null],
    ['an unknown method', '{"id":1,"method":"steal","params":{"path":"items.get"}}', 1],
    ['no params', '{"id":1,"method":"query"}', 1],
    ['a path that is no string', '{"id":1,"method":"query","params":{"path":7}}', 1],
    ['a wrong jsonrpc', '{"id":1,"jsonrpc":"1.0","method":"query","params":{"path":"items.get"}}', 1],
    ['headers of a wrong kind', '{"id":1,"method":"query","headers":[],"params":{"path":"items.get"}}', 1],
  ])('refuses %s and goes on', async (_what, text, id) => {
    const { socket, received, send } = await openRaw();
    socket.send(text);
    send(call(9));
    await vi.waitFor(() => expect(received).toHaveLength(2));
    expect(received).toMatchObject([
      { id, error: { data: { code: 'BAD_REQUEST' } } },
      { id: 9, result: {} },
    ]);
  });

  test.each(['nothing', 'toString', '__proto__', 'items', 'stock.take'])('has no query %s', async (path) => {
    const { received, send } = await openRaw();
    send({ id: 1, method: 'query', params: { path } });
    await vi.waitFor(() => expect(received).toHaveLength(1));
    expect(received).toMatchObject([{ id: 1, error: { data: { code: 'NOT_FOUND', path } } }]);
  });

  test('refuses binary messages, and calls of headers that are no strings', async () => {
    const { socket, received, send } = await openRaw();
    socket.send(Buffer.from('{}'));
    send({
      ...call(1),
      headers: { 'x-timeout-ms': 5, 'x-request-id': {}, traceparent: [], 'x-user-token': 7 },
    });
    await vi.waitFor(() => expect(received).toHaveLength(2));
    expect(received).toMatchObject([{ id: null, error: {} }, { id: 1 }]);
  });

  test('closes on a message longer than 1 MiB', async () => {
    const { socket } = await openRaw();
    socket.send(`"${'x'.repeat(1_100_000)}"`);
    expect((await once(socket, 'close'))[0]).toBe(1009);
  });

  test('refuses more calls at once than one connection may have', async () => {
    const { received, send } = await openRaw('/trpc', ['trpc-array']);
    send(
      Array.from({ length: 1030 }, (_, id) => ({ id, method: 'mutation', params: { path: 'stock.slow' } })),
    );
    await vi.waitFor(() => expect(received).toHaveLength(1));
    expect(received[0]).toHaveLength(6);
    expect((received[0] as unknown[])[0]).toMatchObject({ error: { data: { code: 'TOO_MANY_REQUESTS' } } });
    suite.state.finish.resolve();
    await vi.waitFor(() => expect(received.slice(1).flat()).toHaveLength(1024));
  });

  test.each([
    ['another path', '/other', {}, 404],
    ['a bad token', '/trpc', { authorization: 'Service-Token a.b.c' }, 401],
    ['a page of another origin', '/trpc', { origin: 'https://evil.example' }, 403],
  ])('opens none at %s', async (_what, path, headers, status) => {
    const socket = new WebSocket(`${suite.service.url.replace('http', 'ws')}${path}`, { headers });
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(status);
  });

  test('a flood of words and of messages that nobody reads the answers to is not answered without end', async () => {
    const { socket } = await openRaw();
    socket.pause();
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 50; round += 1) {
      for (let count = 0; count < 2000; count += 1) socket.send('PING');
      socket.send(`[${'{"id":1,"method":"subscription.stop"},'.repeat(20_000)}{"id":2}]`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(300e6);
    const { received, send } = await openRaw();
    send(call(1));
    await vi.waitFor(() => expect(received).toHaveLength(1));
  });

  test('asked for connectionParams, it takes nothing else first', async () => {
    const { socket, received, send } = await openRaw('/trpc?connectionParams=1');
    send(call(1));
    expect((await once(socket, 'close'))[0]).toBe(1008);
    expect(received).toMatchObject([{ id: null, error: { data: { code: 'BAD_REQUEST' } } }]);
  });

  test('a token that expires ends what it opened, call by call', async () => {
    const nearlyOver = new Date(Date.now() - 90 * 24 * 3600 * 1000 + 1500);
    const authorization = `Service-Token ${await suite.identity.serviceToken('till', nearlyOver)}`;
    const { received, send } = await openRaw('/trpc', [], { authorization });
    const take = (id: number) => send({ id, method: 'mutation', params: { path: 'stock.take' } });
    take(1);
    await vi.waitFor(() => expect(received).toHaveLength(1));
    vi.useFakeTimers({ now: Date.now() + 10_000, toFake: ['Date'] });
    take(2);
    await vi.waitFor(() => expect(received).toHaveLength(2)).finally(() => vi.useRealTimers());
    expect(received).toMatchObject([{ result: {} }, { error: { data: { code: 'UNAUTHORIZED' } } }]);
  });

  test('a reader that reads nothing is not written to without end', async () => {
    const { socket, send } = await openRaw();
    send({ id: 1, method: 'subscription', params: { path: 'ticks.watch', lastEventId: '1000' } });
    socket.pause();
    let before = -1;
    await vi.waitFor(
      () => {
        const now = suite.state.yielded;
        const same = now === before && now > 0;
        before = now;
        expect(same).toBe(true);
      },
      { interval: 200 },
    );
    // What the kernel's buffers take, and ours: a few megabytes of 100 kB each.
    expect(suite.state.yielded).toBeLessThan(200);
    socket.resume();
    await vi.waitFor(() => expect(suite.state.yielded).toBeGreaterThan(before + 50));
  });
});

describe('a stock wsLink client', () => {
  function stock(options: { connectionParams?: Record<string, string> } = {}) {
    const ws = createWSClient({
      url: `${suite.service.url.replace('http', 'ws')}/trpc`,
      WebSocket: WebSocket as never,
      ...options,
    });
    suite.cleanups.push(() => ws.close());
    return createTRPCClient<RouterOf<typeof shop>>({ links: [wsLink({ client: ws })] });
  }

  test('calls, and gets errors', async () => {
    const made = stock();
    const answers = await Promise.all([1, 2, 3].map((id) => made.items.get.query({ id })));
    expect(answers.map(({ id }) => id)).toEqual([1, 2, 3]);
    await expect(made.items.get.query({ id: 101 })).rejects.toMatchObject({
      data: { code: 'NOT_FOUND', error: { name: 'ITEM_NOT_FOUND' } },
    });
  });

  test('proves itself by connectionParams', async () => {
    const made = stock({ connectionParams: { authorization: `Service-Token ${await token()}` } });
    expect(await made.stock.take.mutate()).toEqual({ by: 'till' });
  });

  test('subscribes, and goes on after the last event when the service comes back', async () => {
    const events: number[] = [];
    const watch = stock().ticks.watch.subscribe(undefined, { onData: ({ data }) => events.push(data.n) });
    suite.cleanups.push(() => watch.unsubscribe());
    await vi.waitFor(() => expect(events).toEqual([1, 2, 3]));
    const { port } = suite.service;
    await suite.service.stop();
    await suite.start({ port });
    await vi.waitFor(() => expect(events).toEqual([1, 2, 3, 4, 5, 6]));
  });

  test('that unsubscribes ends the handler', async () => {
    const events: number[] = [];
    const stopped = Promise.withResolvers<void>();
    const watch = stock().ticks.watch.subscribe(undefined, {
      onData: ({ data }) => events.push(data.n),
      onStopped: () => stopped.resolve(),
      onComplete: () => stopped.resolve(),
    });
    await vi.waitFor(() => expect(events).toHaveLength(3));
    watch.unsubscribe();
    await stopped.promise;
  });
});
