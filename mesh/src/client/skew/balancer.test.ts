import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { AnyContract } from '../../contract/index.ts';
import { serve, tracked, type Handlers, type RunningService, type ServeOptions } from '../../server/index.ts';
import { after, before } from '../../testing/two-releases.ts';
import { createTestIdentity, recordingLogger, silentLogger, type TestIdentity } from '../../testing/index.ts';
import { connect, type TransportName } from '../index.ts';

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

/** One event, and no end. */
async function* events<Event>(name: string, event: Event, signal: AbortSignal) {
  yield tracked('1', called(name, event));
  if (!signal.aborted) await once(signal, 'abort');
}

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
      watch: ({ signal }) => events('watch', { id: 1 }, signal),
      follow: ({ signal }) => events('follow', { id: 1 }, signal),
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
      watch: ({ signal }) => events('watch', { id: 'a' }, signal),
      follow: ({ signal }) => events('follow', { id: 1, at: 'noon' }, signal),
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
const failureOf = (made: Promise<unknown>): Promise<unknown> => made.catch((thrown: unknown) => thrown);

test('behind a balancer over HTTP, each process refuses for itself', async () => {
  const services = [await startAfter(), await startBefore()];
  const reached: string[] = [];
  const balancer = createServer((request, response) => {
    const turn = request.url?.startsWith('/trpc') ? reached.length : 0;
    const { url } = services[turn % 2] as RunningService;
    if (request.url?.startsWith('/trpc')) reached.push(url);
    const { method, headers } = request;
    const passed = httpRequest(`${url}${request.url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(passed);
  });
  balancer.listen(0, '127.0.0.1');
  await once(balancer, 'listening');
  cleanups.push(() => balancer.close());
  const { port } = balancer.address() as AddressInfo;
  const { client, compared } = clientOf(before, `http://127.0.0.1:${port}`, { transport: 'http' });
  // The first answer comes from the new service, which is the one that is compared.
  await client.get.query({ id: 1 });
  await compared();
  calls = [];
  reached.length = 0;
  const results: unknown[] = [];
  for (let made = 0; made < 10; made += 1) results.push(await failureOf(client.drop.mutate()));
  expect(reached).toHaveLength(10);
  for (const [index, result] of results.entries())
    expect(result).toMatchObject(reached[index] === services[1]?.url ? {} : mismatch);
  expect(calls).toEqual(Array.from({ length: 5 }, () => 'drop'));
  expect(results.filter((result) => result instanceof Error)).toHaveLength(5);
});
