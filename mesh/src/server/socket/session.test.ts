import { once } from 'node:events';
import { connect } from 'node:net';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { RouterOf } from '../../contract/index.ts';
import type { shop } from '../../testing/shop.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';

const suite = new ShopSuite();

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
  test('sends single messages to a client that did not ask for arrays', async () => {
    const { received, send } = await openRaw();
    send([call(1), call(2)]);
    await vi.waitFor(() => expect(received).toHaveLength(2));
    expect(received).toMatchObject([
      { id: 1, result: { type: 'data', data: { id: 1 } } },
      { id: 2, result: { type: 'data', data: { id: 1 } } },
    ]);
  });

  test.each([
    ['invalid JSON', '{', null, 1007],
    ['a number', '7', null, 1008],
    ['no id', '{"method":"query","params":{"path":"items.get"}}', null, 1008],
    ['an id of a wrong kind', '{"id":{},"method":"query","params":{"path":"items.get"}}', null, 1008],
    [
      'an id that is too long',
      `{"id":"${'x'.repeat(257)}","method":"query","params":{"path":"items.get"}}`,
      null,
      1008,
    ],
    ['an unknown method', '{"id":1,"method":"steal","params":{"path":"items.get"}}', 1, 1008],
    ['no params', '{"id":1,"method":"query"}', 1, 1008],
    ['a path that is not a string', '{"id":1,"method":"query","params":{"path":7}}', 1, 1008],
    ['a wrong jsonrpc', '{"id":1,"jsonrpc":"1.0","method":"query","params":{"path":"items.get"}}', 1, 1008],
    [
      'headers of a wrong kind',
      '{"id":1,"method":"query","headers":[],"params":{"path":"items.get"}}',
      1,
      1008,
    ],
    ['JSON that is nested too deep', '['.repeat(40_000) + ']'.repeat(40_000), null, 1008],
  ])('refuses %s once, closes, and ignores what follows', async (_what, text, id, code) => {
    const { socket, received, send } = await openRaw();
    socket.send(text);
    send({ id: 9, method: 'mutation', params: { path: 'stock.slow' } });
    const [closedWith, reason] = await once(socket, 'close');
    expect([closedWith, String(reason)]).toEqual([code, expect.stringMatching(/^The message is not one/)]);
    expect(received).toMatchObject([{ id, error: { data: { code: 'BAD_REQUEST' } } }]);
    expect(suite.state.slowCalls).toBe(0);
  });

  const slow = (id: number) => ({ id, method: 'mutation', params: { path: 'stock.slow' } });
  test.each([
    ['zeros', Array.from({ length: 100_000 }, () => 0), 'an array of 100000 is longer than 2048'],
    ['a wrong one at its end', [slow(1), slow(2), 0], 'element 2: it is not an object'],
    ['too many', Array.from({ length: 2049 }, (_, id) => slow(id)), 'an array of 2049 is longer than 2048'],
  ])('answers an array of %s with one error, closes, and starts none of it', async (_what, array, why) => {
    const { socket, received, send } = await openRaw('/trpc', ['trpc-array']);
    send(array);
    const [code, reason] = await once(socket, 'close');
    expect([code, String(reason)]).toEqual([1008, `The message is not one of tRPC's: ${why}`]);
    expect(received).toMatchObject([{ id: null, error: { data: { code: 'BAD_REQUEST' } } }]);
    expect(suite.state.slowCalls).toBe(0);
  });

  test('cuts a refused connection that the client does not close', async () => {
    const socket = connect({ port: suite.service.port, host: '127.0.0.1', allowHalfOpen: true });
    suite.cleanups.push(() => socket.destroy());
    const asked = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13';
    socket.write(
      `GET /trpc HTTP/1.1\r\nhost: x\r\n${asked}\r\nsec-websocket-key: ${'x'.repeat(22)}==\r\n\r\n`,
    );
    await once(socket, 'data');
    const refusedAt = performance.now();
    // A text frame with one character and a zero mask.
    socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x30]));
    socket.resume();
    await once(socket, 'end');
    // ws itself waits for 30 s.
    expect(performance.now() - refusedAt).toBeLessThan(15_000);
  });

  test('shortens an unknown path in its answer', async () => {
    const { received, send } = await openRaw();
    send({ id: 1, method: 'query', params: { path: 'x'.repeat(500_000) } });
    await vi.waitFor(() => expect(received).toHaveLength(1));
    expect(received).toMatchObject([{ id: 1, error: { data: { code: 'NOT_FOUND' } } }]);
    expect(JSON.stringify(received).length).toBeLessThan(1000);
  });

  test.each(['nothing', 'toString', '__proto__', 'items', 'stock.take'])(
    'does not find query %s',
    async (path) => {
      const { received, send } = await openRaw();
      send({ id: 1, method: 'query', params: { path } });
      await vi.waitFor(() => expect(received).toHaveLength(1));
      expect(received).toMatchObject([{ id: 1, error: { data: { code: 'NOT_FOUND', path } } }]);
    },
  );

  test('closes on a binary message', async () => {
    const { socket, received } = await openRaw();
    socket.send(Buffer.from('{}'));
    expect((await once(socket, 'close'))[0]).toBe(1003);
    expect(received).toMatchObject([{ id: null, error: {} }]);
  });

  test('ignores headers that are not strings, but refuses such a user token', async () => {
    const { received, send } = await openRaw();
    const headers = { 'x-timeout-ms': 5, 'x-request-id': {}, traceparent: [], tracestate: { length: 1 } };
    send({ ...call(1), headers });
    send({ ...call(2), headers: { 'x-user-token': 7 } });
    await vi.waitFor(() => expect(received).toHaveLength(2));
    expect(received).toMatchObject([
      { id: 1, result: {} },
      { id: 2, error: { data: { code: 'UNAUTHORIZED' } } },
    ]);
  });

  test('closes on a message longer than 2 MiB', async () => {
    const { socket } = await openRaw();
    socket.send(`"${'x'.repeat(2_100_000)}"`);
    expect((await once(socket, 'close'))[0]).toBe(1009);
  });

  test('refuses concurrent calls above the limit of a procedure', async () => {
    const { received, send } = await openRaw('/trpc', ['trpc-array']);
    send(
      Array.from({ length: 1030 }, (_, id) => ({ id, method: 'mutation', params: { path: 'stock.slow' } })),
    );
    await vi.waitFor(() => expect(received.flat()).toHaveLength(6));
    expect(received.flat()[0]).toMatchObject({
      error: { data: { code: 'SERVICE_UNAVAILABLE', retry: 'safe' } },
    });
    suite.state.finish.resolve();
    await vi.waitFor(() => expect(received.flat()).toHaveLength(1030));
  });

  test.each([
    ['another path', '/other', {}, 404],
    ['a bad token', '/trpc', { authorization: 'Service-Token a.b.c' }, 401],
    ['a page of another origin', '/trpc', { origin: 'https://evil.example' }, 403],
  ])('refuses an upgrade with %s', async (_what, path, headers, status) => {
    const socket = new WebSocket(`${suite.service.url.replace('http', 'ws')}${path}`, { headers });
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(status);
  });

  test('bounds its memory when a client floods it and reads no answers', async () => {
    const { socket } = await openRaw();
    socket.pause();
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 50; round += 1) {
      for (let count = 0; count < 2000; count += 1) socket.send('PING');
      for (let count = 0; count < 10; count += 1)
        socket.send(
          `[${'{"id":1,"method":"subscription.stop"},'.repeat(2000)}{"id":1,"method":"subscription.stop"}]`,
        );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(300e6);
    const { received, send } = await openRaw();
    send(call(1));
    await vi.waitFor(() => expect(received).toHaveLength(1));
  });

  test('accepts only credentials first if the URL announces connectionParams', async () => {
    const { socket, received, send } = await openRaw('/trpc?connectionParams=1');
    send(call(1));
    expect((await once(socket, 'close'))[0]).toBe(1008);
    expect(received).toMatchObject([{ id: null, error: { data: { code: 'BAD_REQUEST' } } }]);
  });

  test('refuses calls once the token of the connection has expired', async () => {
    const nearlyOver = new Date(Date.now() - 90 * 24 * 3600 * 1000 + 1500);
    const authorization = `Service-Token ${await suite.identity.serviceToken('till', nearlyOver)}`;
    const { received, send } = await openRaw('/trpc', [], { authorization });
    const take = (id: number) => send({ id, method: 'mutation', params: { path: 'stock.take' } });
    take(1);
    await vi.waitFor(() => expect(received).toHaveLength(1));
    vi.useFakeTimers({ now: Date.now() + 10_000, toFake: ['Date'] });
    take(2);
    await vi.waitFor(() => expect(received).toHaveLength(3)).finally(() => vi.useRealTimers());
    expect(received).toMatchObject([
      { result: {} },
      { id: null, method: 'reconnect' },
      { id: 2, error: { data: { code: 'UNAUTHORIZED' } } },
    ]);
  });

  test('stops asking for events while the client does not read', async () => {
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
    // The buffers of kernel and service hold a few megabytes, at 100 kB an event.
    expect(suite.state.yielded).toBeLessThan(200);
    socket.resume();
    await vi.waitFor(() => expect(suite.state.yielded).toBeGreaterThan(before + 50));
  });
});

describe('limits', () => {
  const statusOf = async (url: string, headers: Record<string, string> = {}) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`, { headers });
    suite.cleanups.push(() => socket.terminate());
    socket.on('error', () => {});
    const [event] = await Promise.race([
      once(socket, 'open').then(() => [101]),
      once(socket, 'unexpected-response').then(([, { statusCode }]) => [statusCode]),
    ]);
    return event;
  };
  const openShop = async (options: Parameters<typeof suite.start>[0]) => {
    suite.service = await suite.start(options);
    return suite.service.url;
  };
  const wrong = async (headers: Record<string, string> = {}) => {
    const { socket, send } = await openRaw('/trpc', [], headers);
    send(0);
    await once(socket, 'close');
  };

  test('a caller with too many invalid messages cannot open a WebSocket; others can', async () => {
    const url = await openShop({ rateLimit: { callsPerMinute: 30 } });
    const thief = { authorization: `Bearer ${await suite.identity.userToken()}` };
    for (let count = 0; count < 3; count += 1) await wrong(thief);
    expect(await statusOf(url, thief)).toBe(429);
    expect(await statusOf(url, { authorization: `Bearer ${await suite.identity.userToken()}` })).toBe(101);
    expect(await statusOf(url)).toBe(101);
    for (let count = 0; count < 3; count += 1) await wrong();
    expect(await statusOf(url)).toBe(429);
    expect(await statusOf(url, { authorization: `Service-Token ${await token()}` })).toBe(101);
  });

  test('too many unknown procedures without credentials close the connection', async () => {
    await openShop({ rateLimit: { callsPerMinute: 100 } });
    const { socket, received, send } = await openRaw('/trpc', ['trpc-array']);
    send(Array.from({ length: 2000 }, (_, id) => ({ id, method: 'query', params: { path: 'nothing' } })));
    expect((await once(socket, 'close'))[0]).toBe(1008);
    // 10 of 100 calls a minute, the one above the limit, and the reason.
    expect(received.flat()).toHaveLength(12);
  });

  test('the WebSockets of a caller are limited, and closing one makes room', async () => {
    const url = await openShop({ streamsPerCaller: 2 });
    const [first] = [await openRaw(), await openRaw()];
    expect(await statusOf(url)).toBe(429);
    const user = { authorization: `Bearer ${await suite.identity.userToken()}` };
    expect([await statusOf(url, user), await statusOf(url, user), await statusOf(url, user)]).toEqual([
      101, 101, 429,
    ]);
    const service = { authorization: `Service-Token ${await token()}` };
    for (let count = 0; count < 20; count += 1) expect(await statusOf(url, service)).toBe(101);
    expect(await statusOf(url, service)).toBe(429);
    first.socket.terminate();
    await vi.waitFor(async () => expect(await statusOf(url)).toBe(101));
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

  test('authenticates by connectionParams', async () => {
    const made = stock({ connectionParams: { authorization: `Service-Token ${await token()}` } });
    expect(await made.stock.take.mutate()).toEqual({ by: 'till' });
  });

  test('subscribes, and resumes after the last event when the service restarts', async () => {
    const events: number[] = [];
    const watch = stock().ticks.watch.subscribe(undefined, { onData: ({ data }) => events.push(data.n) });
    suite.cleanups.push(() => watch.unsubscribe());
    await vi.waitFor(() => expect(events).toEqual([1, 2, 3]));
    const { port } = suite.service;
    await suite.service.stop();
    await suite.start({ port });
    await vi.waitFor(() => expect(events).toEqual([1, 2, 3, 4, 5, 6]));
  });

  test('unsubscribes, which ends the handler', async () => {
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
