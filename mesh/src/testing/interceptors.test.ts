import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { tracked } from '@trpc/server';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { connect, type ClientInterceptor } from '../client/index.ts';
import { anyone, contract, mutation, nobody, query, subscription } from '../contract/index.ts';
import { serve, type InterceptedCall, type ServerInterceptor } from '../server/index.ts';
import { MeshError } from '../wire/index.ts';
import { silentLogger } from './logger.ts';

// The two examples of docs/interceptors.md, as they stand there.

const withTenant: ClientInterceptor = (_call, next) => next({ headers: { 'x-tenant': 'acme' } });

const tenant = new AsyncLocalStorage<string | undefined>();
const keepTenant: ServerInterceptor = (call, next) => tenant.run(call.header('x-tenant'), next);

const everyOther = (): ClientInterceptor => {
  let calls = 0;
  return (_call, next) => {
    calls += 1;
    if (calls % 2 === 0) throw new MeshError('SERVICE_UNAVAILABLE', 'A failure made for a test');
    return next();
  };
};

const shelf = contract('shelf', {
  whose: query({
    summary: 'The tenant, as the handler finds it',
    output: z.object({ tenant: z.string().nullable() }),
    access: anyone,
  }),
  add: mutation({
    summary: 'Adds a number to itself',
    input: z.object({ n: z.number() }),
    output: z.object({ n: z.number() }),
    access: anyone,
    idempotent: false,
  }),
  ticks: subscription({
    summary: 'The tenant, once',
    input: z.object({ lastEventId: z.string().optional() }),
    output: z.object({ tenant: z.string().nullable() }),
    access: anyone,
  }),
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp();
});

async function start(interceptors: readonly ServerInterceptor[] = []) {
  const service = await serve(
    shelf,
    {
      whose: async () => ({ tenant: tenant.getStore() ?? null }),
      add: async ({ input }) => ({ n: input.n + input.n }),
      async *ticks() {
        yield tracked('1', { tenant: tenant.getStore() ?? null });
      },
    },
    {
      version: '1',
      port: 0,
      log: silentLogger,
      authenticate: () => nobody,
      pingDatabase: async () => {},
      interceptors,
    },
  );
  service.ready();
  cleanups.push(() => service.stop());
  return service.url;
}

function clientOf(
  url: string,
  interceptors?: readonly ClientInterceptor[],
  transport: 'websocket' | 'http' = 'websocket',
) {
  const client = connect(shelf, {
    as: 'anyone',
    url,
    log: silentLogger,
    transport,
    ...(interceptors && { interceptors }),
  });
  cleanups.push(() => client[Symbol.asyncDispose]());
  return client;
}

/** Says in which order interceptors run. */
const noting =
  (said: string[], name: string): ServerInterceptor =>
  async (_call, next) => {
    said.push(`${name} before`);
    const output = await next();
    said.push(`${name} after`);
    return output;
  };

test('the examples are those of the guide', () => {
  const guide = readFileSync(new URL('../../../docs/interceptors.md', import.meta.url), 'utf8');
  const here = readFileSync(new URL(import.meta.url), 'utf8');
  const blocks = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, block = '']) => block.trim());
  expect(blocks).toHaveLength(2);
  for (const block of blocks) expect(here).toContain(block);
});

describe('a header for a tenant', () => {
  test.each(['websocket', 'http'] as const)('reaches the handler over %s', async (transport) => {
    const url = await start([keepTenant]);
    expect(await clientOf(url, [withTenant], transport).whose.query()).toEqual({ tenant: 'acme' });
    expect(await clientOf(url, [], transport).whose.query()).toEqual({ tenant: null });
  });

  test("reaches the handler in a stock client's batch, and in its subscription", async () => {
    const url = await start([keepTenant]);
    const headers = { 'x-tenant': 'acme' };
    const batch = await fetch(`${url}/trpc/whose,whose?batch=1&input={}`, { headers });
    expect(await batch.json()).toMatchObject([
      { result: { data: { tenant: 'acme' } } },
      { result: { data: { tenant: 'acme' } } },
    ]);
    const events = await fetch(`${url}/trpc/ticks?input={}`, {
      headers: { ...headers, accept: 'text/event-stream' },
    });
    expect(await events.text()).toContain('{"tenant":"acme"}');
  });

  test.each([
    ['authorization', 'Bearer x', 'authorization is reserved for the mesh'],
    ['X-Request-Id', 'x', 'x-request-id is reserved for the mesh'],
    ['x tenant', 'x', 'not a valid header'],
    ['x-tenant', 'a\r\nb: c', 'not a valid header'],
    ['x-tenant', '', 'not a valid header'],
  ])('%j: %j is refused, and nothing is sent', async (name, value, message) => {
    const seen: InterceptedCall[] = [];
    const url = await start([
      (call, next) => {
        seen.push(call);
        return next();
      },
    ]);
    const client = clientOf(url, [(_call, next) => next({ headers: { [name]: value } })]);
    await expect(client.whose.query()).rejects.toMatchObject({
      message: expect.stringContaining(message),
      data: { code: 'BAD_REQUEST' },
    });
    expect(seen).toEqual([]);
  });

  test('credentials are no header that a handler reads', async () => {
    const url = await start([
      (call, next) => tenant.run(call.header('authorization') ?? call.header('x-user-token'), next),
    ]);
    const headers = { authorization: 'Bearer secret', 'x-user-token': 'secret' };
    const answer = await fetch(`${url}/trpc/whose`, { headers });
    expect(await answer.json()).toEqual({ result: { data: { tenant: null } } });
  });
});

describe('a fake failure', () => {
  test('is the error of the call, once for each, and leaves the others alone', async () => {
    const client = clientOf(await start(), [everyOther()]);
    expect(await client.add.mutate({ n: 1 })).toEqual({ n: 2 });
    await expect(client.add.mutate({ n: 1 })).rejects.toMatchObject({
      name: 'TRPCClientError',
      data: { code: 'SERVICE_UNAVAILABLE', httpStatus: 503 },
    });
    expect(await client.add.mutate({ n: 2 })).toEqual({ n: 4 });
  });
});

describe('several', () => {
  test('run from the outside in, and each may change the input or the answer', async () => {
    const url = await start();
    const client = clientOf(url, [
      async (call, next) => ({ ...((await next()) as object), via: call.path }),
      (call, next) => next({ input: { n: (call.input as { n: number }).n + 1 } }),
      (call, next) => next({ input: { n: (call.input as { n: number }).n * 10 } }),
    ]);
    expect(await client.add.mutate({ n: 1 })).toEqual({ n: 40, via: 'add' });
  });

  test('of a server see what a handler sees, and may answer instead of it', async () => {
    const said: string[] = [];
    const url = await start([
      noting(said, 'outer'),
      noting(said, 'inner'),
      async (call, next) => {
        said.push(`${call.kind} ${call.path}`);
        return call.path === 'add' ? { n: 0 } : next();
      },
    ]);
    expect(await clientOf(url).add.mutate({ n: 1 })).toEqual({ n: 0 });
    expect(said).toEqual(['outer before', 'inner before', 'mutation add', 'inner after', 'outer after']);
  });

  test('of a server are held to the contract, and their errors are answered', async () => {
    const url = await start([
      async (call) => {
        if (call.path === 'whose') return { tenant: 1 };
        throw new MeshError('TOO_MANY_REQUESTS', 'Not today', { retry: 'never' });
      },
    ]);
    const client = clientOf(url);
    await expect(client.whose.query()).rejects.toMatchObject({ data: { code: 'INTERNAL_SERVER_ERROR' } });
    await expect(client.add.mutate({ n: 1 })).rejects.toMatchObject({
      message: 'Not today',
      data: { code: 'TOO_MANY_REQUESTS' },
    });
  });
});
