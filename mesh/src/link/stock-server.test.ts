import { once } from 'node:events';
import { createTRPCClient, loggerLink, retryLink, splitLink, TRPCClientError } from '@trpc/client';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import superjson from 'superjson';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { recordingLogger, silentLogger } from '../testing/index.ts';
import { exposition, InDoubtError, isInDoubt, meshLink, type MeshLinkOptions } from './index.ts';
import { startStock, StockState, stock, type Behave } from './testing/stock.ts';

// A server of tRPC alone, with faults.

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

type Options = Partial<MeshLinkOptions<typeof stock>>;

function linkTo(url: string | string[], options: Options = {}) {
  const link = meshLink<typeof stock>({
    url,
    transformer: superjson,
    log: silentLogger,
    retryPolicy: { attempts: 3, baseMs: 20, jitter: 0 },
    ...options,
  });
  cleanups.push(() => link[Symbol.asyncDispose]());
  return link;
}

const clientTo = (url: string | string[], options: Options = {}) =>
  createTRPCClient<typeof stock>({ links: [linkTo(url, options)] });

async function start(state = new StockState(), options: { port?: number; behave?: Behave } = {}) {
  const server = await startStock(state, options);
  cleanups.push(() => server[Symbol.asyncDispose]());
  return server;
}

const failure = (call: Promise<unknown>): Promise<TRPCClientError<typeof stock>> =>
  call.then(
    (data) => Promise.reject(new Error(`it succeeded: ${JSON.stringify(data)}`)),
    (error: unknown) => error as TRPCClientError<typeof stock>,
  );

test('a server that is killed under load and comes back: queries succeed, no mutation runs twice', async () => {
  const state = new StockState();
  const behave: Behave = (request) => {
    if (request.url?.includes('orders.add') && ++state.arrived === 100) void restart();
  };
  const first = await startStock(state, { behave });
  const restart = async () => {
    await first[Symbol.asyncDispose]();
    await start(state, { port: first.port });
  };
  const client = clientTo(first.url, {
    retryPolicy: { attempts: 3, baseMs: 200, jitter: 0 },
    breaker: { probeAfterMs: 50, jitter: 0 },
  });
  const ids = Array.from({ length: 400 }, (_, id) => id);
  /** Ten callers that make one call after another. */
  const load = async (make: (id: number) => Promise<unknown>) => {
    const left = [...ids];
    const settled: PromiseSettledResult<unknown>[] = [];
    const caller = async () => {
      for (let id = left.shift(); id !== undefined; id = left.shift())
        settled.push(...(await Promise.allSettled([make(id)])));
    };
    await Promise.all(Array.from({ length: 10 }, caller));
    return settled;
  };
  const [queries, mutations] = await Promise.all([
    load(() => client.echo.query({ at: new Date(0), tags: new Set() })),
    load((id) => client.orders.add.mutate({ id })),
  ]);
  expect(queries.filter(({ status }) => status === 'rejected')).toEqual([]);
  const failed = mutations.flatMap((made) => (made.status === 'rejected' ? [made.reason as unknown] : []));
  expect(failed.length).toBeGreaterThan(0);
  for (const error of failed) expect(error).toMatchObject({ name: 'InDoubtError', data: { inDoubt: true } });
  // Each that succeeded ran once; of those in doubt, each may have.
  expect(new Set(state.added).size).toBe(state.added.length);
  expect(state.added.length).toBeGreaterThanOrEqual(ids.length - failed.length);
});

test('with one endpoint dead, every call succeeds at the other, mutations too', async () => {
  const gone = await startStock(new StockState());
  await gone[Symbol.asyncDispose]();
  const state = new StockState();
  const server = await start(state);
  const client = clientTo([gone.url, server.url], { retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 } });
  await Promise.all(Array.from({ length: 40 }, (_, id) => client.orders.add.mutate({ id })));
  expect(state.added).toHaveLength(40);
});

test('an endpoint that hangs: the attempt times out, a query is made again, a mutation is in doubt', async () => {
  const log = recordingLogger();
  const server = await start(new StockState(), { behave: ({ url = '' }) => url.includes('orders') });
  const client = clientTo(server.url, { log, name: 'orders', timeoutMs: 60 });
  expect(await failure(client.orders.add.mutate({ id: 1 }))).toMatchObject({
    name: 'InDoubtError',
    data: { code: 'TIMEOUT', httpStatus: 408, inDoubt: true },
    cause: { reached: true },
  });
  const posts = () => server.requests.filter(({ method }) => method === 'POST').length;
  expect(posts()).toBe(1);
  expect(log.lines.filter(({ level }) => level === 'warn')).toMatchObject([
    {
      message: 'a call to orders failed',
      fields: {
        endpoint: `${server.url}/orders.add`,
        code: 'TIMEOUT',
        retry_count: 0,
        context: { no_retry_because: 'not-retryable' },
      },
    },
  ]);
  const context = { timeoutMs: 20, deadlineMs: 1000 };
  const started = performance.now();
  const idempotent = clientTo(server.url, { idempotent: (path) => path === 'orders.add' });
  expect(await failure(idempotent.orders.add.mutate({ id: 1 }, { context }))).toMatchObject({
    data: { code: 'TIMEOUT' },
  });
  expect(performance.now() - started).toBeLessThan(5000);
  expect(posts()).toBeGreaterThan(2);
});

test('a mutation with a key is made again with the same key', async () => {
  const keys: unknown[] = [];
  const behave: Behave = (request, response) => {
    if (request.method !== 'POST') return false;
    keys.push(request.headers['idempotency-key']);
    if (keys.length % 2 === 0) return false;
    response.destroy();
    return true;
  };
  const state = new StockState();
  const { url } = await start(state, { behave });
  const byKey = clientTo(url, { idempotent: () => 'by-key' });
  await byKey.orders.add.mutate({ id: 1 });
  await clientTo(url).orders.add.mutate({ id: 2 }, { context: { idempotencyKey: 'order-2' } });
  expect(keys).toEqual([expect.stringMatching(/^[\da-f-]{36}$/), keys[0], 'order-2', 'order-2']);
  const doubtful = await failure(clientTo(url).orders.add.mutate({ id: 3 }));
  expect(doubtful).toBeInstanceOf(InDoubtError);
  expect(isInDoubt(doubtful)).toBe(true);
  expect(state.added).toEqual([1, 2]);
});

test('a form is written again for a second attempt', async () => {
  let arrived = 0;
  const behave: Behave = (request, response) => {
    if (request.method !== 'POST' || ++arrived > 1) return false;
    request.once('data', () => response.destroy());
    return true;
  };
  const { url } = await start(new StockState(), { behave });
  const form = new FormData();
  form.set('file', new Blob(['x'.repeat(50_000)]), 'a.txt');
  const client = clientTo(url, { idempotent: (path) => path === 'orders.form' });
  expect(await client.orders.form.mutate(form)).toEqual([['file', 50_000]]);
  expect(arrived).toBe(2);
});

test('a refusal that says that nothing was done is retried when it says, for mutations too', async () => {
  const state = new StockState();
  const times: number[] = [];
  const error = {
    message: 'Busy',
    code: -32_603,
    data: { code: 'SERVICE_UNAVAILABLE', httpStatus: 503, retry: 'safe' },
  };
  const behave: Behave = ({ method }, response) => {
    if (method !== 'POST' || times.push(performance.now()) > 1) return false;
    // Without the transformer, as a service of the mesh answers while it stops.
    response.writeHead(503, { 'retry-after': '1' }).end(JSON.stringify({ error }));
    return true;
  };
  const { url } = await start(state, { behave });
  await clientTo(url).orders.add.mutate({ id: 1 });
  expect(state.added).toEqual([1]);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(950);
});

test('a failing endpoint opens its breaker: calls are refused without asking it, and pass when it is back', async () => {
  let isDown = true;
  const behave: Behave = (_request, response) => {
    if (isDown) response.writeHead(503, { 'content-type': 'text/html' }).end('<h1>Down</h1>');
    return isDown;
  };
  const server = await start(new StockState(), { behave });
  const client = clientTo(server.url, {
    transport: 'http',
    retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 },
    breaker: { probeAfterMs: 100, jitter: 0 },
  });
  for (let call = 0; call < 5; call += 1)
    expect(await failure(client.nothing.query())).toMatchObject({ data: { code: 'BAD_GATEWAY' } });
  expect(await failure(client.orders.add.mutate({ id: 1 }))).toMatchObject({
    name: 'TRPCClientError',
    data: { code: 'SERVICE_UNAVAILABLE', retryAfterMs: expect.any(Number) },
  });
  expect(server.requests).toHaveLength(5);
  isDown = false;
  await expect.poll(() => client.nothing.query().catch(() => 'refused')).toBeUndefined();
});

test('headers, token and context of a call', async () => {
  const { url } = await start();
  const client = clientTo(url, {
    as: 'till',
    token: () => 'now',
    headers: ({ op }) =>
      Promise.resolve({
        'X-Op': op.path,
        'content-length': '9',
        traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      }),
  });
  expect(await client.headers.query()).toMatchObject({
    authorization: 'Service-Token now',
    'x-op': 'headers',
    'x-timeout-ms': expect.stringMatching(/^\d{4}$/),
    'x-request-id': expect.stringMatching(/^[\da-f-]{36}$/),
    traceparent: expect.stringContaining('1111'),
  });
  const context = {
    headers: { authorization: 'Bearer ann', 'x-op': 'mine', 'x-request-id': 'r-1' },
    userToken: 'user',
  };
  expect(await client.headers.query(undefined, { context })).toMatchObject({
    authorization: 'Bearer ann',
    'x-op': 'mine',
    'x-request-id': 'r-1',
    'x-user-token': 'user',
  });
});

test('bad input gets a clear error, before anything is sent', async () => {
  const { url, requests } = await start();
  const client = clientTo(url, { transport: 'http' });
  const refused = { name: 'TRPCClientError', data: { code: 'BAD_REQUEST' } };
  for (const [context, message] of [
    [{ timeoutMs: 0 }, 'context.timeoutMs must be a number of milliseconds'],
    [{ deadlineMs: '5s' }, 'context.deadlineMs must be a number of milliseconds'],
    [{ idempotencyKey: 'a b' }, 'context.idempotencyKey must be 1 to 255 visible ASCII characters'],
  ] as const)
    expect(await failure(client.nothing.query(undefined, { context }))).toMatchObject({
      ...refused,
      message: expect.stringContaining(message),
    });
  const asQuery = client as unknown as { echo: { query(input: FormData): Promise<unknown> } };
  expect(await failure(asQuery.echo.query(new FormData()))).toMatchObject({
    ...refused,
    message: 'echo is a query: only mutations take FormData, Blob and Uint8Array',
  });
  expect(requests).toEqual([]);
  for (const wrong of ['localhost:3000', 'ws://localhost', 'http://u:p@localhost', 'http://localhost/?a=1'])
    expect(() => linkTo(wrong)).toThrow(TypeError);
  expect(() => linkTo([])).toThrow('meshLink: url must have at least one URL');
});

test('an aborted call ends at once, with the reason of the signal as its cause', async () => {
  const server = await start(new StockState(), { behave: () => true });
  const client = clientTo(server.url, { transport: 'http' });
  const caller = new AbortController();
  const call = failure(client.nothing.query(undefined, { signal: caller.signal }));
  await expect.poll(() => server.requests.length).toBe(1);
  caller.abort();
  expect(await call).toMatchObject({
    data: { code: 'CLIENT_CLOSED_REQUEST' },
    cause: { name: 'AbortError' },
  });
  expect(await failure(client.nothing.query(undefined, { signal: caller.signal }))).toMatchObject({
    cause: { name: 'AbortError' },
  });
  expect(server.requests).toHaveLength(1);
});

test('beside links of tRPC', async () => {
  const { url } = await start();
  const lines: string[] = [];
  const link = linkTo(url, { transport: 'http', name: 'beside' });
  const client = createTRPCClient<typeof stock>({
    links: [
      loggerLink({
        logger: ({ direction, path, ...rest }) => {
          const result = 'result' in rest ? rest.result : undefined;
          lines.push(`${direction} ${path} ${result instanceof TRPCClientError ? result.data?.code : ''}`);
        },
      }),
      retryLink({ retry: ({ error, attempts }) => error.data?.code === 'CONFLICT' && attempts < 3 }),
      splitLink({ condition: ({ path }) => path.startsWith('orders.'), true: link, false: link }),
    ],
  });
  await client.orders.add.mutate({ id: 1 });
  expect(await failure(client.fail.query({ code: 'CONFLICT' }))).toMatchObject({
    data: { code: 'CONFLICT' },
  });
  expect(lines).toEqual(['up orders.add ', 'down orders.add ', 'up fail ', 'down fail CONFLICT']);
  const { text } = await exposition();
  expect(text).toContain(
    'mesh_client_attempts_total{target="beside",procedure="fail",transport="http",code="CONFLICT"} 3',
  );
});

test('a stock server with WebSockets on the same port is called over HTTP, and asked once', async () => {
  const state = new StockState();
  const server = await start(state);
  const sockets = new WebSocketServer({ server: server.server });
  applyWSSHandler({
    wss: sockets,
    router: stock,
    createContext: ({ req }) => ({ headers: req.headers, state }),
  });
  cleanups.push(() => sockets.close());
  let upgrades = 0;
  sockets.on('connection', () => (upgrades += 1));
  const client = clientTo(server.url);
  await Promise.all(Array.from({ length: 20 }, () => client.nothing.query()));
  await once(server.server, 'request', { signal: AbortSignal.timeout(1) }).catch(() => {});
  for (let call = 0; call < 20; call += 1)
    expect(await client.headers.query()).toHaveProperty('x-timeout-ms');
  expect(server.requests).toHaveLength(40);
  expect(upgrades).toBe(1);
});

test('subscriptions: transformed, resumed after the last event when the server is back, and ended by its error', async () => {
  const state = new StockState();
  const first = await startStock(state);
  const client = clientTo(first.url);
  const seen: unknown[] = [];
  const watching = client.ticks.subscribe(undefined, { onData: ({ id, data }) => seen.push([id, data.at]) });
  cleanups.push(() => watching.unsubscribe());
  const isWatched = () => state.events.listenerCount('tick') === 1;
  await expect.poll(isWatched).toBe(true);
  state.events.emit('tick', 1);
  await expect.poll(() => seen.length).toBe(1);
  await first[Symbol.asyncDispose]();
  await expect.poll(isWatched).toBe(false);
  await start(state, { port: first.port });
  await expect.poll(isWatched).toBe(true);
  state.events.emit('tick', 2);
  await expect
    .poll(() => seen)
    .toEqual([
      ['1', new Date(1)],
      ['2', new Date(2)],
    ]);
  expect(state.resumedAfter).toEqual([undefined, '1']);

  const events = client.refused.subscribe();
  const refused = (async () => {
    for await (const _ of events);
  })();
  expect(await failure(refused)).toMatchObject({
    message: 'Not yours',
    data: { code: 'FORBIDDEN', at: new Date(0) },
  });
});
