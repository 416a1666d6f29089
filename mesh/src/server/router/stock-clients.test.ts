import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  httpBatchStreamLink,
  httpLink,
  httpSubscriptionLink,
  isNonJsonSerializable,
  splitLink,
  TRPCClientError,
  wsLink,
  type TRPCClient,
  type TRPCLink,
} from '@trpc/client';
import { EventSource } from 'eventsource';
import superjson from 'superjson';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ended, stayed, type StockRouter } from '../testing/stock-router.ts';
import { startStockServers, type StockServers } from '../testing/stock-servers.ts';

let servers: StockServers;
beforeAll(async () => {
  servers = await startStockServers();
});
afterAll(() => servers[Symbol.asyncDispose]());

type Client = TRPCClient<StockRouter>;
type Side = 'stock' | 'mesh';

const transformer = superjson;

function socketOf(side: Side, options: Partial<Parameters<typeof createWSClient>[0]> = {}) {
  const socket = createWSClient({ url: `${servers[side].replace('http', 'ws')}/trpc`, ...options });
  onTestFinished(() => socket.close());
  return socket;
}

const links: Record<string, (side: Side) => TRPCLink<StockRouter>> = {
  httpLink: (side) => httpLink({ url: `${servers[side]}/trpc`, transformer, headers: { 'x-name': 'Ann' } }),
  'httpLink by POST': (side) =>
    httpLink({
      url: `${servers[side]}/trpc`,
      transformer,
      headers: { 'x-name': 'Ann' },
      methodOverride: 'POST',
    }),
  httpBatchLink: (side) =>
    httpBatchLink({ url: `${servers[side]}/trpc`, transformer, headers: { 'x-name': 'Ann' } }),
  httpBatchStreamLink: (side) =>
    httpBatchStreamLink({ url: `${servers[side]}/trpc`, transformer, headers: { 'x-name': 'Ann' } }),
  wsLink: (side) => wsLink({ client: socketOf(side, { connectionParams: { name: 'Ann' } }), transformer }),
};

/** What an application sees of an outcome. */
async function seen(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return { value: await run() };
  } catch (error) {
    if (!(error instanceof TRPCClientError)) throw error;
    return {
      name: error.name,
      message: error.message,
      data: error.data as unknown,
      shape: error.shape as unknown,
    };
  }
}

const calls: Record<string, (client: Client) => Promise<unknown>> = {
  'values of superjson': (client) => client.plain.query(),
  undefined: (client) => client.nothing.query(),
  'an input': (client) => client.echo.query({ at: new Date(9), map: new Map([[1, 2n]]) }),
  'a mutation': (client) => client.store.mutate({ at: new Date(3) }),
  'an invalid input': (client) => client.store.mutate({ at: 'never' as never }),
  'an invalid output': (client) => client.answer.query(),
  'an error': (client) => client.fail.conflict.query(),
  'a bug': (client) => client.fail.bug.query(),
  'an error without a code in the mesh': (client) => client.fail.payment.mutate(),
  'an error of a procedure’s own formatter': (client) => client.fail.own.query(),
  // Without the formatter's part: the mesh creates no context for it.
  'an unknown procedure': async (client) => {
    const { nowhere } = client as unknown as { nowhere: Client['plain'] };
    const { message, shape } = (await seen(() => nowhere.query())) as { message: string; shape: object };
    return { message, ...shape, data: undefined };
  },
  'lazy routers': (client) => Promise.all([client.late.hello.query('Ann'), client.late.deeper.hello.query()]),
  'many at once': (client) =>
    Promise.all(
      Array.from({ length: 50 }, async (_, at) =>
        seen(() => (at % 3 ? client.echo.query(at) : client.fail.bug.query())),
      ),
    ),
};

describe.for(Object.entries(links))('%s', ([, linkTo]) => {
  test.for(Object.entries(calls))('%s', async ([, call]) => {
    const client = (side: Side): Client => createTRPCClient<StockRouter>({ links: [linkTo(side)] });
    const [stock, mesh] = [client('stock'), client('mesh')];
    expect(await seen(() => call(mesh))).toEqual(await seen(() => call(stock)));
  });
});

async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const events: unknown[] = [];
  try {
    for await (const event of stream) events.push(event);
  } catch (error) {
    events.push((error as Error).message, (error as TRPCClientError<StockRouter>).data);
  }
  return events;
}

test('streams and promises in answers arrive piece by piece', async () => {
  const read = async (side: Side) => {
    const client = createTRPCClient<StockRouter>({
      links: [httpBatchStreamLink({ url: `${servers[side]}/trpc`, transformer })],
    });
    const { now, later } = await client.deferred.query();
    return [
      await all(await client.stream.query(3)),
      now,
      await later,
      await all(await client.brokenStream.query()),
    ];
  };
  const mesh = await read('mesh');
  expect(mesh[0]).toEqual([
    { at: 0, big: 0n },
    { at: 1, big: 1n },
    { at: 2, big: 2n },
  ]);
  expect(mesh).toEqual(await read('stock'));
});

test('forms and bytes', async () => {
  const send = async (side: Side) => {
    const url = `${servers[side]}/trpc`;
    const client = createTRPCClient<StockRouter>({
      links: [
        splitLink({
          condition: (op) => isNonJsonSerializable(op.input),
          true: httpLink({
            url,
            transformer: {
              serialize: (data: unknown) => data,
              deserialize: (data) => superjson.deserialize(data),
            },
          }),
          false: httpBatchLink({ url, transformer }),
        }),
      ],
    });
    const form = new FormData();
    form.set('name', 'Ann');
    form.set('file', new File(['hello'], 'hello.txt'));
    return Promise.all([
      client.form.mutate(form),
      client.bytes.mutate(new Uint8Array(100_000)),
      client.plain.query(),
    ]);
  };
  const mesh = await send('mesh');
  expect(mesh.slice(0, 2)).toEqual([
    [
      ['name', 'Ann'],
      ['file', 'hello'],
    ],
    100_000,
  ]);
  expect(mesh).toEqual(await send('stock'));
});

/** The events of a subscription until it ends or fails. */
function eventsOf(
  subscribe: (
    on: Record<'onStarted' | 'onData' | 'onError' | 'onComplete' | 'onStopped', (value?: unknown) => void>,
  ) => unknown,
): Promise<unknown[]> {
  return new Promise((resolve) => {
    const events: unknown[] = [];
    subscribe({
      onStarted: () => events.push('started'),
      onData: (value) => events.push(value),
      onError: (error) => {
        events.push((error as Error).message, (error as TRPCClientError<StockRouter>).data);
        resolve(events);
      },
      onStopped: () => events.push('stopped'),
      onComplete: () => {
        events.push('complete');
        resolve(events);
      },
    });
  });
}

const subscriptions: Record<string, (client: Client) => Promise<unknown[]>> = {
  'tracked events': (client) => eventsOf((on) => client.ticks.subscribe({ upTo: 3 }, on)),
  'a resumed stream': (client) => eventsOf((on) => client.ticks.subscribe({ upTo: 3, lastEventId: '1' }, on)),
  'events without ids': (client) => eventsOf((on) => client.count.subscribe(2, on)),
  'an observable': (client) => eventsOf((on) => client.observed.subscribe(undefined, on)),
  'a failure': (client) => eventsOf((on) => client.failing.subscribe(undefined, on)),
  'a refusal': (client) => eventsOf((on) => client.forNamed.subscribe(undefined, on)),
  'an invalid input': (client) => eventsOf((on) => client.count.subscribe('x' as never, on)),
};

const streaming: Record<string, (side: Side) => TRPCLink<StockRouter>> = {
  httpSubscriptionLink: (side) =>
    httpSubscriptionLink({ url: `${servers[side]}/trpc`, transformer, EventSource }),
  wsLink: (side) => wsLink({ client: socketOf(side), transformer }),
};

describe.for(Object.entries(streaming))('subscriptions by %s', ([, linkTo]) => {
  test.for(Object.entries(subscriptions))('%s', async ([, subscribe]) => {
    const client = (side: Side): Client => createTRPCClient<StockRouter>({ links: [linkTo(side)] });
    const [mesh, stock] = [client('mesh'), client('stock')];
    expect(await subscribe(mesh)).toEqual(await subscribe(stock));
  });

  test('a stream that ignores its signal ends when its client leaves', async () => {
    const before = ended.count;
    const client = createTRPCClient<StockRouter>({ links: [linkTo('mesh')] });
    const seenEvents: number[] = [];
    const stream = client.forever.subscribe(undefined, { onData: (at) => seenEvents.push(at) });
    await vi.waitFor(() => expect(seenEvents.length).toBeGreaterThan(1));
    stream.unsubscribe();
    await vi.waitFor(() => expect(ended.count).toBe(before + 1));
  });
});

test.for(['httpLink', 'httpBatchLink', 'httpBatchStreamLink'])(
  '%s: the signal of a call fires when its client leaves',
  async (name) => {
    const { begun, aborted } = stayed;
    const client = createTRPCClient<StockRouter>({ links: [links[name]?.('mesh') as TRPCLink<StockRouter>] });
    const leaving = new AbortController();
    const call = client.stay.query(undefined, { signal: leaving.signal });
    await vi.waitFor(() => expect(stayed.begun).toBe(begun + 1));
    leaving.abort();
    await expect(call).rejects.toThrow();
    await vi.waitFor(() => expect(stayed.aborted).toBe(aborted + 1));
  },
);

test('a WebSocket answers pings, and its client reconnects and resumes after a stop', async () => {
  const own = await startStockServers();
  const again = await startStockServers();
  onTestFinished(async () => {
    await own[Symbol.asyncDispose]();
    await again[Symbol.asyncDispose]();
  });
  let url = own.mesh;
  const opened: number[] = [];
  const socket = createWSClient({
    url: () => `${url.replace('http', 'ws')}/trpc`,
    keepAlive: { enabled: true, intervalMs: 20, pongTimeoutMs: 500 },
    retryDelayMs: () => 10,
    onOpen: () => opened.push(1),
  });
  onTestFinished(() => socket.close());
  const client = createTRPCClient<StockRouter>({ links: [wsLink({ client: socket, transformer })] });
  const events: number[] = [];
  client.forever.subscribe(undefined, { onData: (at) => events.push(at) });
  await vi.waitFor(() => expect(events.length).toBeGreaterThan(20));
  expect(opened).toHaveLength(1);
  url = again.mesh;
  await own.stop();
  const before = events.length;
  await vi.waitFor(() => expect(events.length).toBeGreaterThan(before + 3));
  expect(await client.echo.query(1)).toBe(1);
});
