import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTRPCClient } from '@trpc/client';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import {
  anyone,
  contract,
  contractHash,
  describeContract,
  mutation,
  openEnum,
  query,
  type AnyContract,
  type ContractSnapshot,
  type RouterOf,
} from '../../contract/index.ts';
import { meshLink } from '../../link/index.ts';
import { serve, type Handlers, type RunningService, type ServeOptions } from '../../server/index.ts';
import { targetStates } from '../../telemetry/index.ts';
import { createTestIdentity, recordingLogger, silentLogger, type TestIdentity } from '../../testing/index.ts';
import { arraySubprotocol } from '../../wire/index.ts';
import { connect, type TransportName } from '../index.ts';

const item = z.object({ name: z.string(), state: openEnum(['new', 'sold']) });

/** What clients of the last release were built with. */
const before = contract('store', {
  get: query({ summary: 'One', input: z.object({ id: z.int() }), output: item, access: anyone }),
  find: query({
    summary: 'Some',
    input: z.object({ text: z.string().max(10) }),
    output: z.object({ found: z.int() }),
    access: anyone,
  }),
  put: mutation({ summary: 'Puts', output: z.object({ id: z.int() }), access: anyone }),
  drop: mutation({ summary: 'Drops', output: z.object({}), access: anyone }),
});

/** The next release: another answer, a shorter text, a procedure fewer and one more, and more properties. */
const after = contract('store', {
  get: query({
    summary: 'One, with its price',
    input: z.object({ id: z.int() }),
    output: item.extend({ state: openEnum(['new', 'sold', 'lost']), price: z.int() }),
    access: anyone,
  }),
  find: query({
    summary: 'Some',
    input: z.object({ text: z.string().max(3) }),
    output: z.object({ found: z.int() }),
    access: anyone,
  }),
  put: mutation({ summary: 'Puts', output: z.object({ id: z.string() }), access: anyone }),
  count: query({ summary: 'How many', output: z.object({ all: z.int() }), access: anyone }),
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

let identity: TestIdentity;
let token: string;
/** Calls that handlers got, by procedure. */
let calls: string[];
beforeAll(async () => {
  identity = await createTestIdentity();
  token = await identity.serviceToken('till');
});
beforeEach(() => {
  calls = [];
});

const called = <Result>(name: string, result: Result): Result => {
  calls.push(name);
  return result;
};

async function start<From extends AnyContract>(
  from: From,
  handlers: Handlers<From>,
  options: Partial<ServeOptions> = {},
): Promise<RunningService> {
  const { authenticate } = identity;
  const service = await serve<From>(from, handlers, {
    version: '1.0.0',
    port: 0,
    log: silentLogger,
    authenticate,
    ...options,
  });
  service.ready();
  cleanups.push(() => service.stop());
  return service;
}

const startBefore = (options?: Partial<ServeOptions>) =>
  start<typeof before>(
    before,
    {
      get: async () => called('get', { name: 'lamp', state: 'new' }),
      find: async () => called('find', { found: 1 }),
      put: async () => called('put', { id: 1 }),
      drop: async () => called('drop', {}),
    },
    options,
  );

const startAfter = (options?: Partial<ServeOptions>) =>
  start<typeof after>(
    after,
    {
      get: async () => called('get', { name: 'lamp', state: 'lost', price: 5 }),
      find: async () => called('find', { found: 1 }),
      put: async () => called('put', { id: 'a' }),
      count: async () => called('count', { all: 1 }),
    },
    { version: '2.0.0', ...options },
  );

function clientOf<To extends AnyContract>(
  to: To,
  url: string | readonly string[],
  { transport = 'websocket', token: own = token }: { transport?: TransportName; token?: string } = {},
) {
  const log = recordingLogger();
  const retryPolicy = { attempts: 0, baseMs: 1, jitter: 0 };
  const client = connect<To, 'till'>(to, { as: 'till', url, token: own, log, transport, retryPolicy });
  cleanups.push(() => client[Symbol.asyncDispose]());
  const compared = (): Promise<unknown> =>
    vi.waitFor(
      () =>
        expect(log.lines.some(({ message }) => message.startsWith('the server has another contract'))).toBe(
          true,
        ),
      { timeout: 10_000 },
    );
  return { client, log, compared };
}

const mismatch = { data: { code: 'CONTRACT_MISMATCH' } };
const oldHash = describeContract(before).hash;
const newHash = describeContract(after).hash;

describe.each(['websocket', 'http'] as const)('over %s', (transport) => {
  test('an old client at a new server: what does not fit is refused before it is sent, everything else goes on', async () => {
    const { url } = await startAfter();
    const { client, log, compared } = clientOf(before, url, { transport });
    // Unknown properties are ignored, and an unknown value of an open enum is read.
    expect(await client.get.query({ id: 1 })).toEqual({ name: 'lamp', state: 'lost' });
    await compared();
    calls = [];
    await expect(client.put.mutate()).rejects.toMatchObject(mismatch);
    await expect(client.drop.mutate()).rejects.toMatchObject(mismatch);
    await expect(client.drop.mutate()).rejects.toThrow(
      `store.drop cannot be called: the server's contract (${newHash}, version 2.0.0) does not fit this client's (${oldHash}): procedure-removed: a procedure was removed`,
    );
    await expect(client.find.query({ text: 'too long' })).rejects.toThrow('max-length-lowered at input.text');
    expect(calls).toEqual([]);
    expect(await client.find.query({ text: 'ok' })).toEqual({ found: 1 });
    expect(await client.get.query({ id: 1 })).toEqual({ name: 'lamp', state: 'lost' });
    expect(calls).toEqual(['find', 'get']);
    const told = log.lines.filter(({ message }) => message.startsWith('the server has another contract'));
    expect(told.map(({ fields }) => fields)).toEqual([
      {
        target: 'store',
        endpoint: url,
        ours: oldHash,
        theirs: newHash,
        version: '2.0.0',
        refused: ['find', 'put', 'drop'],
      },
    ]);
  });

  test('a new client at an old server', async () => {
    const { url } = await startBefore();
    const { client, compared } = clientOf(after, url, { transport });
    await client.find.query({ text: 'a' });
    await compared();
    calls = [];
    await expect(client.count.query()).rejects.toThrow('procedure-removed');
    await expect(client.put.mutate()).rejects.toThrow('type-changed at output.id');
    // The old server sends no price.
    await expect(client.get.query({ id: 1 })).rejects.toThrow('property-removed-required at output.price');
    expect(calls).toEqual([]);
    expect(await client.find.query({ text: 'abc' })).toEqual({ found: 1 });
  });

  test('a client that is equal but for its prose compares nothing', async () => {
    const { url } = await startBefore();
    const same = contract('store', {
      ...before.procedures,
      get: { ...before.procedures.get, summary: 'In other words' },
    });
    const { client, log } = clientOf(same, url, { transport });
    for (let made = 0; made < 20; made += 1) await client.get.query({ id: 1 });
    expect(log.lines).toEqual([]);
  });

  test('a server that is replaced is compared again', async () => {
    const first = await startAfter();
    const { client, log, compared } = clientOf(before, first.url, { transport });
    await client.find.query({ text: 'a' });
    await compared();
    await expect(client.drop.mutate()).rejects.toMatchObject(mismatch);
    await first.stop();
    const second = await startBefore({ port: first.port });
    expect(second.url).toBe(first.url);
    // No other call tells that the server is another one.
    await vi.waitFor(async () => expect(await client.drop.mutate()).toEqual({}), { timeout: 10_000 });
    await second.stop();
    await startAfter({ port: first.port });
    calls = [];
    // What is known of it holds at once, although the connection is new: nothing is sent.
    const failure = await vi.waitFor(
      async () => {
        const error: unknown = await client.drop.mutate().catch((thrown: unknown) => thrown);
        expect(error).toMatchObject(mismatch);
        return error;
      },
      { timeout: 10_000 },
    );
    expect(failure).toMatchObject(mismatch);
    expect(calls).toEqual([]);
    expect(log.lines.filter(({ message }) => message.includes('refused before they are sent'))).toHaveLength(
      1,
    );
  });

  test('in a rolling release each call goes to an endpoint that it fits, and none fails', async () => {
    const [one, two] = await Promise.all([startBefore(), startAfter()]);
    const urls = [one.url, two.url];
    const { client, compared } = clientOf(before, urls, { transport });
    for (let made = 0; made < 40; made += 1) await client.get.query({ id: 1 });
    await compared();
    calls = [];
    const made = await Promise.all([
      ...Array.from({ length: 40 }, () => client.drop.mutate()),
      ...Array.from({ length: 40 }, () => client.put.mutate()),
    ]);
    expect(made).toHaveLength(80);
    expect(calls).toHaveLength(80);
    const { endpoints } = stateAt(one.url);
    expect(endpoints.map(({ contract: hash }) => hash)).toEqual([oldHash, newHash]);
    await one.stop();
    calls = [];
    // The endpoint that it fits may come back.
    expect(await failureOf(client.drop.mutate())).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' } });
    expect(calls).toEqual([]);
    expect(await client.get.query({ id: 1 })).toMatchObject({ name: 'lamp' });
  });
});

const failureOf = (made: Promise<unknown>): Promise<unknown> => made.catch((thrown: unknown) => thrown);

const stateAt = (url: string) => {
  const found = targetStates().find(({ endpoints }) => endpoints[0]?.url === url);
  if (!found) throw new Error(`no client of ${url}`);
  return found;
};

test('replicas are replaced one after the other under calls that fit both', async () => {
  const first = await Promise.all([startBefore(), startBefore()]);
  const { client } = clientOf(
    before,
    first.map(({ url }) => url),
  );
  const stopping = new AbortController();
  cleanups.push(() => stopping.abort());
  const failures: unknown[] = [];
  let answered = 0;
  const callers = Array.from({ length: 4 }, async () => {
    while (!stopping.signal.aborted)
      await client.get.query({ id: 1 }).then(
        () => (answered += 1),
        (error: unknown) => failures.push(error),
      );
  });
  for (const { port, stop } of first) {
    const so = answered;
    await vi.waitFor(() => expect(answered).toBeGreaterThan(so + 20), { timeout: 10_000 });
    await stop();
    await startAfter({ port });
  }
  const so = answered;
  await vi.waitFor(() => expect(answered).toBeGreaterThan(so + 20), { timeout: 10_000 });
  await vi.waitFor(async () => expect(await failureOf(client.drop.mutate())).toMatchObject(mismatch), {
    timeout: 10_000,
  });
  stopping.abort();
  await Promise.all(callers);
  expect(failures).toEqual([]);
});

describe.each(['websocket', 'http'] as const)('a link with a contract over %s', (transport) => {
  test('refuses what does not fit', async () => {
    const { url } = await startAfter();
    const log = recordingLogger();
    const link = meshLink<RouterOf<typeof before>>({
      url: `${url}/trpc`,
      as: 'till',
      token,
      transport,
      log,
      contract: before,
      retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 },
    });
    cleanups.push(() => link[Symbol.asyncDispose]());
    const client = createTRPCClient<RouterOf<typeof before>>({ links: [link] });
    await client.get.query({ id: 1 });
    await vi.waitFor(
      () =>
        expect(log.lines.some(({ message }) => message.includes('refused before they are sent'))).toBe(true),
      { timeout: 10_000 },
    );
    calls = [];
    await expect(client.drop.mutate()).rejects.toMatchObject(mismatch);
    await expect(client.put.mutate()).rejects.toMatchObject(mismatch);
    expect(calls).toEqual([]);
    expect(await client.find.query({ text: 'ok' })).toEqual({ found: 1 });
  });
});

test('a service that does not tell its contract is called on, and one line says so', async () => {
  const { url } = await startAfter({ contractAccess: 'admin' });
  const { client, log, compared } = clientOf(before, url);
  await client.get.query({ id: 1 });
  await compared();
  expect(await failureOf(client.drop.mutate())).toMatchObject({ data: { code: 'NOT_FOUND' } });
  expect(await client.get.query({ id: 1 })).toMatchObject({ name: 'lamp' });
  const told = log.lines.filter(({ message }) => message.startsWith('the server has another contract'));
  expect(told.map(({ fields }) => fields)).toEqual([
    expect.objectContaining({ reason: '/api/contract was answered with HTTP 403', theirs: newHash }),
  ]);
});

test('the state of a service tells its contract, those of its clients, and what is refused', async () => {
  const { url } = await startAfter();
  const { client, compared } = clientOf(before, url);
  // The hash is computed in the next turn.
  await new Promise(setImmediate);
  await client.get.query({ id: 1 });
  await compared();
  const answer = await fetch(`${url}/api/mesh`, { headers: { authorization: `Service-Token ${token}` } });
  expect(await answer.json()).toMatchObject({
    contract: newHash,
    server: { clients: [{ caller: 'till', contract: oldHash, connections: 1 }] },
  });
  expect(stateAt(url)).toMatchObject({
    contract: oldHash,
    refused: ['find', 'put', 'drop'],
    endpoints: [{ contract: newHash }],
  });
  const told = await fetch(`${url}/api/contract`, { headers: { authorization: `Service-Token ${token}` } });
  expect(contractHash((await told.json()) as ContractSnapshot)).toBe(newHash);
});

/** A server that names a contract, answers calls, and tells of it what a test says. */
async function startLiar(hash: string, tell: RequestListener): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.url === '/api/contract') {
      asked += 1;
      return tell(request, response);
    }
    response.setHeader('x-contract', hash);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ result: { data: { name: 'lamp', state: 'new' } } }));
  });
  const sockets = new WebSocketServer({ server, handleProtocols: () => arraySubprotocol });
  sockets.on('headers', (headers) => headers.push(`x-contract: ${hash}`));
  sockets.on('connection', (socket) =>
    socket.on('message', (data) => {
      const messages = [JSON.parse(String(data as Buffer))].flat() as { id: number }[];
      socket.send(
        JSON.stringify(messages.map(({ id }) => ({ id, result: { data: { name: 'lamp', state: 'new' } } }))),
      );
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

const snapshotText = JSON.stringify(describeContract(before).snapshot);
const hostile: Record<string, { tell: RequestListener; reason: string }> = {
  'an answer without an end': {
    tell: (_request, response) => {
      const chunk = Buffer.alloc(256 * 1024, ' ');
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', write);
      write();
    },
    reason: '/api/contract is longer than 2097152 bytes',
  },
  'an answer that does not come': { tell: () => {}, reason: 'timeout' },
  'an answer that trickles': {
    tell: (_request, response) => {
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(timer));
    },
    reason: 'timeout',
  },
  'no JSON': { tell: (_request, response) => response.end('<html>'), reason: 'not valid JSON' },
  'no contract': {
    tell: (_request, response) => response.end('{"procedures":7}'),
    reason: 'not the snapshot of a contract',
  },
  'a very deep schema': {
    tell: (_request, response) => {
      const deep = `${'{"not":'.repeat(100_000)}{}${'}'.repeat(100_000)}`;
      response.end(snapshotText.replace('"output":{', `"output":{"allOf":[${deep}],`));
    },
    reason: 'call stack',
  },
  'a reference to itself': {
    tell: (_request, response) =>
      response.end(
        snapshotText.replace(
          '"output":{',
          '"output":{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}},',
        ),
      ),
    reason: 'reference to nothing',
  },
  'a redirection': {
    tell: (_request, response) => response.writeHead(302, { location: 'http://192.0.2.1/' }).end(),
    reason: 'HTTP 302',
  },
};

describe.each(['websocket', 'http'] as const)('a hostile server over %s', (transport) => {
  test.each(Object.entries(hostile))(
    '%s: calls go on, and one line says so',
    async (_name, { tell, reason }) => {
      const { url, asked } = await startLiar('00000000deadbeef', tell);
      const { client, log, compared } = clientOf(before, url, { transport });
      expect(await client.get.query({ id: 1 })).toMatchObject({ name: 'lamp' });
      await compared();
      for (let made = 0; made < 10; made += 1) await client.get.query({ id: 1 });
      const told = log.lines.filter(({ message }) =>
        message.includes('they could not be compared; calls go on'),
      );
      expect(told.map(({ fields }) => fields)).toEqual([
        expect.objectContaining({ reason: expect.stringContaining(reason) }),
      ]);
      expect(asked()).toBe(1);
    },
  );

  test('a hash of another contract than it tells: what it tells counts, and is read once', async () => {
    const { url, asked } = await startLiar('00000000deadbeef', (_request, response) =>
      response.end(JSON.stringify(describeContract(after).snapshot)),
    );
    const { client, compared } = clientOf(before, url, { transport });
    await client.get.query({ id: 1 });
    await compared();
    for (let made = 0; made < 10; made += 1) await client.get.query({ id: 1 });
    expect(asked()).toBe(1);
  });

  test.each(['', 'nonsense', 'A'.repeat(8000)])(
    'a header that is not a hash (%#) is ignored',
    async (hash) => {
      const { url, asked } = await startLiar(hash, (_request, response) => response.end());
      const { client } = clientOf(before, url, { transport });
      for (let made = 0; made < 10; made += 1) await client.get.query({ id: 1 });
      expect(asked()).toBe(0);
    },
  );
});
