import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  httpLink,
  wsLink,
  type TRPCLink,
} from '@trpc/client';
import { initTRPC, lazy, TRPCError } from '@trpc/server';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { connect } from '../../client/index.ts';
import { admin, anyone, contract, query, services, user } from '../../contract/index.ts';
import { createTestIdentity, recordingLogger, silentLogger } from '../../testing/index.ts';
import { MeshError } from '../../wire/index.ts';
import { fromContract } from '../part.ts';
import { serve, type ServeOptions } from '../serve.ts';
import { fromRouter, type FromRouterOptions } from './from-router.ts';
import type { RouterContextOptions } from './router-context.ts';
import type { MeshMeta } from './settings.ts';

const identity = await createTestIdentity();

type Context = Pick<RouterContextOptions, 'caller' | 'claim' | 'requestId'> & { made: number };

const t = initTRPC.context<Context>().meta<MeshMeta>().create({ isDev: false });
const done = Promise.withResolvers<void>();
const signals: AbortSignal[] = [];

const router = t.router({
  who: t.procedure.query(({ ctx: { caller } }) => caller.service?.name ?? caller.user?.name ?? 'nobody'),
  made: t.procedure.query(({ ctx }) => ctx.made),
  slow: t.procedure.meta({ mesh: { timeoutMs: 30 } }).query(async ({ signal }) => {
    if (signal) signals.push(signal);
    await done.promise;
  }),
  orders: t.router({
    mine: t.procedure.meta({ mesh: { access: user } }).query(({ ctx }) => ctx.caller.user?.name),
    all: t.procedure.meta({ mesh: { access: user } }).query(() => 'all'),
    place: t.procedure.meta({ mesh: { idempotent: 'by-key' } }).mutation(async ({ ctx: { claim } }) => {
      claim?.take();
      return claim?.key;
    }),
  }),
  lazily: lazy(async () => t.router({ secret: t.procedure.query(() => 'secret') })),
  size: t.procedure
    .input(z.union([z.string(), z.instanceof(FormData)]))
    .mutation(({ input }) => (typeof input === 'string' ? input.length : [...input].length)),
  own: t.procedure.query(() => {
    throw new MeshError('CONFLICT', 'Taken', { retry: 'never' });
  }),
  payment: t.procedure.query(() => {
    throw new TRPCError({ code: 'PAYMENT_REQUIRED' });
  }),
});
type AppRouter = typeof router;

let contexts = 0;
const routing: FromRouterOptions<Context> = {
  name: 'app',
  createContext: ({ caller, claim, requestId }) => ({ caller, claim, requestId, made: (contexts += 1) }),
  procedures: { 'orders.all': { access: admin }, 'lazily.*': { access: services('billing') } },
};

async function start(
  options: Partial<ServeOptions> = {},
  over: Partial<FromRouterOptions<Context>> = {},
): Promise<string> {
  const service = await serve(fromRouter(router, { ...routing, ...over }), {
    port: 0,
    version: '1',
    log: silentLogger,
    authenticate: identity.authenticate,
    ...options,
  });
  service.ready();
  onTestFinished(() => service.stop());
  return service.url;
}

const links: Record<string, (url: string, authorization: string) => TRPCLink<AppRouter>> = {
  HTTP: (url, authorization) =>
    httpLink({ url: `${url}/trpc`, headers: authorization ? { authorization } : {} }),
  'an HTTP batch': (url, authorization) =>
    httpBatchLink({ url: `${url}/trpc`, headers: authorization ? { authorization } : {} }),
  'a WebSocket': (url, authorization) => {
    const connectionParams = authorization ? { authorization } : {};
    const client = createWSClient({ url: `${url.replace('http', 'ws')}/trpc`, connectionParams });
    onTestFinished(() => client.close());
    return wsLink({ client });
  },
};

test.for(Object.entries(links))(
  'access by meta, by path and by group, and the caller in the context: %s',
  async ([, linkTo]) => {
    const url = await start();
    const as = (authorization: string) =>
      createTRPCClient<AppRouter>({ links: [linkTo(url, authorization)] });
    const nobody = as('');
    const ann = as(`Bearer ${await identity.userToken({ name: 'Ann' })}`);
    const root = as(`Bearer ${await identity.userToken({ name: 'Root', role: 'admin' })}`);
    const billing = as(`Service-Token ${await identity.serviceToken('billing')}`);

    const denied = async (call: Promise<unknown>) =>
      call.catch((error: { data: { code: string } }) => error.data.code);
    expect(await nobody.who.query()).toBe('nobody');
    expect(await ann.who.query()).toBe('Ann');
    expect(await billing.who.query()).toBe('billing');
    expect(await denied(nobody.orders.mine.query())).toBe('UNAUTHORIZED');
    expect(await ann.orders.mine.query()).toBe('Ann');
    expect(await denied(ann.orders.all.query())).toBe('FORBIDDEN');
    expect(await root.orders.all.query()).toBe('all');
    expect(await denied(root.lazily.secret.query())).toBe('FORBIDDEN');
    expect(await billing.lazily.secret.query()).toBe('secret');
    expect(await denied(nobody.own.query())).toBe('CONFLICT');
    expect(await denied(nobody.payment.query())).toBe('PAYMENT_REQUIRED');
  },
);

test('the calls of a batch share a context, other calls do not', async () => {
  const url = await start();
  const client = createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: `${url}/trpc` })] });
  const [one, two] = await Promise.all([client.made.query(), client.made.query()]);
  expect(two).toBe(one);
  expect(await client.made.query()).toBe((one ?? 0) + 1);
});

test.for(Object.entries(links))(
  'a call ends at its deadline, and its signal fires: %s',
  async ([, linkTo]) => {
    signals.length = 0;
    const client = createTRPCClient<AppRouter>({ links: [linkTo(await start(), '')] });
    await expect(client.slow.query()).rejects.toMatchObject({ data: { code: 'TIMEOUT', httpStatus: 408 } });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  },
);

test.for(Object.entries(links))('a refused call says whether to retry: %s', async ([, linkTo]) => {
  const full = new MeshError('SERVICE_UNAVAILABLE', 'Full', { retry: 'safe', retryAfterMs: 1500 });
  const client = createTRPCClient<AppRouter>({
    links: [linkTo(await start({ rooms: { who: () => full } }), '')],
  });
  await expect(client.who.query()).rejects.toMatchObject({
    data: { code: 'SERVICE_UNAVAILABLE', retry: 'safe', retryAfterMs: 1500, path: 'who' },
  });
});

test('an idempotency key reaches the context', async () => {
  const url = await start();
  const headers = { 'idempotency-key': '01890a5d-ac96-774b-bcce-b302099a8057' };
  const client = createTRPCClient<AppRouter>({ links: [httpLink({ url: `${url}/trpc`, headers })] });
  expect(await client.orders.place.mutate()).toBe(headers['idempotency-key']);
});

test('interceptors, onError, responseMeta and middleware run', async () => {
  const intercepted: unknown[] = [];
  const onError = vi.fn();
  const url = await start(
    {
      interceptors: [
        async ({ path, caller }, next) => {
          intercepted.push([path, caller.user]);
          return next();
        },
      ],
    },
    {
      onError,
      responseMeta: ({ ctx }) => ({
        headers: { 'x-made': String((ctx as Context | undefined)?.made !== undefined) },
      }),
      middleware: (request, response, next) => {
        response.setHeader('access-control-allow-origin', '*');
        if (request.method === 'OPTIONS') response.writeHead(204).end();
        else next();
      },
    },
  );
  const preflight = await fetch(`${url}/trpc/who`, { method: 'OPTIONS' });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  const answer = await fetch(`${url}/trpc/payment`);
  expect([answer.status, answer.headers.get('x-made')]).toEqual([402, 'true']);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(intercepted).toEqual([['payment', undefined]]);
  expect(onError).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({
      path: 'payment',
      type: 'query',
      ctx: expect.objectContaining({ made: expect.any(Number) }),
    }),
  );
});

test('bodies have bounds', async () => {
  const post = async (url: string, body: string | FormData) => {
    const json = typeof body === 'string';
    const headers: Record<string, string> = json ? { 'content-type': 'application/json' } : {};
    const answer = await fetch(`${url}/trpc/size`, { method: 'POST', body, headers });
    return [answer.status, JSON.stringify(await answer.json())];
  };
  const formOf = (parts: number): FormData => {
    const form = new FormData();
    for (let part = 0; part < parts; part += 1) form.append('a', 'b');
    return form;
  };
  const long = JSON.stringify('x'.repeat(2 * 1024 * 1024));
  const usual = await start();
  const wide = await start({}, { maxBodySize: 4 * 1024 * 1024 });
  expect((await post(usual, long))[0]).toBe(413);
  expect(await post(wide, long)).toEqual([200, `{"result":{"data":${long.length - 2}}}`]);
  expect((await post(wide, JSON.stringify('x'.repeat(4 * 1024 * 1024))))[0]).toBe(413);
  expect(await post(usual, formOf(900))).toEqual([200, '{"result":{"data":900}}']);
  expect(await post(usual, formOf(2000))).toEqual([400, expect.stringContaining('at most 1000 parts')]);
});

test('a contract and a router are one service', async () => {
  const stock = contract('stock', {
    stock: { level: query({ summary: 'Level', output: z.object({ left: z.int() }), access: anyone }) },
  });
  const log = recordingLogger();
  const parts = [
    fromContract(stock, { stock: { level: async () => ({ left: 3 }) } }),
    fromRouter(router, routing),
  ];
  const service = await serve(parts, { port: 0, version: '1', log });
  service.ready();
  onTestFinished(() => service.stop());
  await using client = connect(stock, { as: 'anyone', url: service.url, log: silentLogger });
  expect(await client.stock.level.query()).toEqual({ left: 3 });
  const unknown = await fetch(`${service.url}/trpc/stock.levels`);
  expect(await unknown.json()).toMatchObject({
    error: { message: expect.stringContaining('Did you mean "stock.level"?') },
  });
  for (const linkTo of Object.values(links))
    expect(await createTRPCClient<AppRouter>({ links: [linkTo(service.url, '')] }).who.query()).toBe(
      'nobody',
    );
  expect(await (await fetch(`${service.url}/health`)).json()).toMatchObject({
    service: 'stock',
    status: 'healthy',
  });
  expect(await (await fetch(service.url)).json()).toMatchObject({
    procedures: expect.arrayContaining([
      expect.objectContaining({ path: '/trpc/orders.mine', for: 'users' }),
    ]),
  });
});

test.for<[string, Partial<FromRouterOptions<Context>>]>([
  ["procedures['orders.nope'] is not a procedure", { procedures: { 'orders.nope': {} } }],
  ["procedures['nope.*'] is not a procedure", { procedures: { 'nope.*': {} } }],
  ['timeoutMs', { timeoutMs: 0 }],
  ['access', { access: 'user' as never }],
  ['Unrecognized key', { procedures: { who: { acess: user } as never } }],
])('%s', async ([message, over]) => {
  await expect(start({}, over)).rejects.toThrow(message);
});

test('two parts cannot have the same procedure', async () => {
  const parts = [fromRouter(router, routing), fromRouter(router, { ...routing, name: 'twin' })];
  await expect(serve(parts, { port: 0, version: '1', log: silentLogger })).rejects.toThrow('another part');
});
