import { once } from 'node:events';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { RouterOf } from '../../contract/index.ts';
import type { shop } from '../../testing/shop.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';
import { maxMessageBytes, maxRefusedBytes } from '../../wire/index.ts';
import { LongMessage, readLongMessage } from './long-message.ts';

const read = (text: string) => readLongMessage(Buffer.from(text), 4);
const idsOf = (text: string) => read(text)?.map(({ id }) => id);

describe('readLongMessage finds the id', () => {
  test.each([
    ['first', '{"id":1,"method":"query","params":{"path":"a.b"}}', [1]],
    ['last', '{"method":"query","params":{"path":"a.b","input":{"id":7}},"id":1}', [1]],
    ['a text', '{"id":"a\\"b","method":"query"}', ['a"b']],
    ['a text like a key', '{"method":"id","id":2,"params":{"input":"\\"id\\":9"}}', [2]],
    ['with white space', ' \n{ "id" :\t3 , "method" : "query" } ', [3]],
    ['below another of that name', '{"params":{"id":9,"input":[{"id":8}]},"id":4}', [4]],
    ['named twice, as JSON.parse reads it', '{"id":5,"id":6}', [6]],
    ['after a text that ends with a backslash', '{"params":"\\\\","id":7}', [7]],
    ['beside brackets in a text', '{"params":"]}{[","id":8}', [8]],
    ['of several', '[{"id":1},{"params":[{"id":9}],"id":2},{"id":"x"}]', [1, 2, 'x']],
  ])('%s', (_where, text, ids) => {
    expect(idsOf(text)).toEqual(ids);
    const parsed: unknown = JSON.parse(text);
    expect([parsed].flat().map((one) => (one as { id: unknown }).id)).toEqual(ids);
  });

  test('and keeps a subscription.stop', () => {
    const [stop, call] = read('[{"id":1,"method":"subscription.stop"},{"id":2,"method":"query"}]') ?? [];
    expect(stop).toEqual({ id: 1, method: 'subscription.stop' });
    expect(call).toBeInstanceOf(LongMessage);
  });

  test.each([
    ['no id', '{"method":"query"}'],
    ['an id of a wrong kind', '{"id":{"a":1}}'],
    ['an id that is too long', `{"id":"${'x'.repeat(3000)}"}`],
    ['one of two without an id', '[{"id":1},{"method":"query"}]'],
    ['too many', '[{"id":1},{"id":2},{"id":3},{"id":4},{"id":5}]'],
    ['no object', '"id"'],
    ['an empty array', '[]'],
    ['a text that does not end', '{"id":1,"params":"x'],
    ['an object that does not end', '{"id":1,"params":{}'],
    ['nothing', ''],
  ])('returns undefined for %s', (_what, text) => {
    expect(read(text)).toBeUndefined();
  });

  test('in linear time, whatever fills it', () => {
    for (const filling of ['x', '"",', '[', '{"id":1},', '\\\\', '{"":', '"id":1,']) {
      for (const head of ['{"id":1,', '{"id":1,"params":[']) {
        const bytes = Buffer.from(head + filling.repeat(maxRefusedBytes / filling.length));
        const begin = process.threadCpuUsage();
        readLongMessage(bytes, 2048);
        // In microseconds: about 50 ms; a quadratic scan would take minutes.
        expect(process.threadCpuUsage(begin).user).toBeLessThan(3_000_000);
      }
    }
  });
});

const suite = new ShopSuite();

function stock() {
  const closedWith: unknown[] = [];
  const client = createWSClient({
    url: `${suite.service.url.replace('http', 'ws')}/trpc`,
    onClose: (cause) => closedWith.push(cause?.code),
  });
  suite.cleanups.push(() => client.close());
  return { made: createTRPCClient<RouterOf<typeof shop>>({ links: [wsLink({ client })] }), closedWith };
}

const tooLarge = {
  message: `The message is longer than ${maxMessageBytes} bytes: send it in parts`,
  data: { code: 'PAYLOAD_TOO_LARGE', httpStatus: 413 },
};

async function openRaw() {
  const socket = new WebSocket(`${suite.service.url.replace('http', 'ws')}/trpc`);
  suite.cleanups.push(() => socket.terminate());
  const received: { id: unknown; error?: unknown; result?: unknown }[] = [];
  socket.on('message', (data) => received.push(JSON.parse((data as Buffer).toString())));
  await once(socket, 'open');
  return { socket, received, closed: once(socket, 'close') };
}

function echoOf(id: number, bytes: number): string {
  const [head, tail] = [
    `{"id":${id},"method":"query","params":{"path":"items.echo","input":{"text":"`,
    '"}}}',
  ];
  return `${head}${'x'.repeat(bytes - head.length - tail.length)}${tail}`;
}

describe('a message that is too long', () => {
  test('of a stock client fails alone: other calls and subscriptions continue', async () => {
    const { made, closedWith } = stock();
    const told: number[] = [];
    const watch = made.ticks.watch.subscribe(undefined, { onData: ({ data }) => told.push(data.n) });
    suite.cleanups.push(() => watch.unsubscribe());
    const slow = made.stock.slow.mutate();
    await vi.waitFor(() => expect([told.length, suite.state.slowCalls]).toEqual([3, 1]));
    await expect(made.items.echo.query({ text: 'x'.repeat(3_000_000) })).rejects.toMatchObject(tooLarge);
    expect((await made.items.echo.query({ text: 'x' })).text).toBe('xx');
    suite.state.finish.resolve();
    expect(await slow).toEqual({ n: 1 });
    expect(closedWith).toEqual([]);
  });

  test('with several calls of a stock client fails each of them and starts none', async () => {
    const { made, closedWith } = stock();
    await made.items.get.query({ id: 1 });
    const joined = await Promise.allSettled([
      made.items.echo.query({ text: 'x'.repeat(1_200_000) }),
      made.stock.slow.mutate(),
      made.items.echo.query({ text: 'ü'.repeat(600_000) }),
    ]);
    expect(joined).toMatchObject(joined.map(() => ({ status: 'rejected', reason: tooLarge })));
    expect([suite.state.slowCalls, closedWith]).toEqual([0, []]);
  });

  test('is refused from 1 byte above the limit', async () => {
    const { socket, received } = await openRaw();
    socket.send(echoOf(1, maxMessageBytes));
    socket.send(echoOf(2, maxMessageBytes + 1));
    socket.send(echoOf(3, maxRefusedBytes));
    await vi.waitFor(() => expect(received).toHaveLength(3));
    const { error } = received.find(({ id }) => id === 3) ?? {};
    expect(error).toMatchObject(tooLarge);
    expect(received.map(({ id, result }) => [id, result !== undefined]).toSorted()).toEqual([
      [1, true],
      [2, false],
      [3, false],
    ]);
  });

  test('may arrive in fragments', async () => {
    const { socket, received } = await openRaw();
    const text = echoOf(1, 3 * maxMessageBytes);
    const piece = 100_000;
    for (let at = 0; at < text.length; at += piece)
      socket.send(text.slice(at, at + piece), { fin: at + piece >= text.length });
    await vi.waitFor(() => expect(received).toHaveLength(1));
    expect(received).toMatchObject([{ id: 1, error: tooLarge }]);
  });

  test('closes the connection, with the reason, if it has no id', async () => {
    const { socket, received, closed } = await openRaw();
    socket.send(`{"method":"query","params":"${'x'.repeat(maxMessageBytes)}"}`);
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([
      1009,
      `The message is not one of tRPC's: it is longer than ${maxMessageBytes} bytes`,
    ]);
    expect(received).toMatchObject([{ id: null, error: { data: { code: 'BAD_REQUEST' } } }]);
  });

  test('closes the connection if it is longer than maxRefusedBytes', async () => {
    const { socket, received, closed } = await openRaw();
    socket.send(echoOf(1, maxRefusedBytes + 1));
    expect((await closed)[0]).toBe(1009);
    expect(received).toEqual([]);
  });

  test('counts as a mistake: too many close the connection', async () => {
    suite.service = await suite.start({ rateLimit: { callsPerMinute: 30 } });
    const { socket, received, closed } = await openRaw();
    for (let id = 1; id <= 5; id += 1) socket.send(echoOf(id, maxMessageBytes + 1));
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([1008, 'Too many calls that are too long: at most 3 in 60 s']);
    expect(received.map(({ id }) => id)).toEqual([1, 2, 3, 4, null]);
  });
});

describe('a mesh client', () => {
  test.each([
    ['a query', (made: Made) => made.items.echo.query({ text: '\n'.repeat(1_100_000) })],
    ['a mutation', (made: Made) => made.stock.brief.mutate('x'.repeat(2_100_000) as never)],
    ['a message of 20 MB', (made: Made) => made.items.echo.query({ text: 'x'.repeat(20_000_000) })],
  ])('refuses %s before sending it, and calls under way continue', async (_what, call) => {
    const made = suite.client();
    const slow = made.stock.slow.mutate();
    await vi.waitFor(() => expect(suite.state.slowCalls).toBe(1));
    const failure: unknown = await call(made).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({
      message: `The call is longer than ${maxMessageBytes} bytes`,
      data: { code: 'PAYLOAD_TOO_LARGE', httpStatus: 413 },
    });
    expect(failure).not.toHaveProperty('data.inDoubt');
    expect(suite.state.briefCalls).toBe(0);
    suite.state.finish.resolve();
    expect(await slow).toEqual({ n: 1 });
  });

  test('gets the same error over HTTP', async () => {
    const made = suite.client({ transport: 'http' });
    const failed = made.stock.brief.mutate('x'.repeat(2_100_000) as never);
    await expect(failed).rejects.toMatchObject({ data: { code: 'PAYLOAD_TOO_LARGE', httpStatus: 413 } });
    expect(suite.state.briefCalls).toBe(0);
  });
});

type Made = ReturnType<typeof suite.client>;
