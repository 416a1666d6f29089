import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createTRPCClient, httpLink, type HTTPLinkOptions } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { createHTTPServer, type CreateHTTPContextOptions } from '@trpc/server/adapters/standalone';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createTestIdentity, silentLogger } from '../../testing/index.ts';
import { serve } from '../serve.ts';
import { fromRouter } from './from-router.ts';
import { requireService, requireUser } from './require.ts';

const { authenticate, serviceToken, userToken } = await createTestIdentity();
const stranger = await createTestIdentity();

const t = initTRPC.context<Pick<CreateHTTPContextOptions, 'req'> | { req: Request }>().create();
const router = t.router({
  anyService: t.procedure.use(requireService({ authenticate })).query(({ ctx }) => ctx.caller.service.name),
  billing: t.procedure
    .use(requireService({ authenticate, names: ['billing'] }))
    .query(({ ctx }) => [ctx.caller.service.name, ctx.caller.user?.name]),
  user: t.procedure.use(requireUser({ authenticate })).query(({ ctx }) => ctx.caller.user.name),
  admin: t.procedure
    .use(requireUser({ authenticate, role: 'admin' }))
    .query(({ ctx }) => ctx.caller.user.name),
  behind: t.procedure
    .use(requireUser({ authenticate, throughService: true }))
    .query(({ ctx }) => [ctx.caller.service?.name, ctx.caller.user.name]),
});

async function standalone(): Promise<string> {
  const server = createHTTPServer({ router, createContext: ({ req }) => ({ req }) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function mesh(): Promise<string> {
  const part = fromRouter(router, { name: 'app', createContext: ({ req }) => ({ req }) });
  const service = await serve(part, { port: 0, version: '1', log: silentLogger });
  service.ready();
  onTestFinished(() => service.stop());
  return `${service.url}/trpc`;
}

type Fetch = NonNullable<HTTPLinkOptions<never>['fetch']>;
type Headers = Record<string, string>;
type Path = 'anyService' | 'billing' | 'user' | 'admin' | 'behind';

const adapters: Record<string, () => Promise<(path: Path, headers: Headers) => Promise<unknown>>> = {
  'the standalone adapter': async () => over(await standalone()),
  'the mesh': async () => over(await mesh()),
  'the fetch adapter': async () =>
    over('http://app/trpc', async (input, init) =>
      fetchRequestHandler({
        endpoint: '/trpc',
        req: new Request(input, init as RequestInit),
        router,
        createContext: ({ req }) => ({ req }),
      }),
    ),
};

function over(url: string, fetch?: Fetch) {
  return async (path: Path, headers: Headers): Promise<unknown> => {
    const client = createTRPCClient<typeof router>({
      links: [httpLink({ url, headers, ...(fetch && { fetch }) })],
    });
    return client[path].query().catch((error: { data: { code: string } }) => error.data.code);
  };
}

describe.for(Object.entries(adapters))('%s', ([, start]) => {
  test('admits whom it must, and refuses others with the right code', async () => {
    const ask = await start();
    const billing = { authorization: `Service-Token ${await serviceToken('billing')}` };
    const shop = { authorization: `Service-Token ${await serviceToken('shop')}` };
    const ann = { authorization: `Bearer ${await userToken()}` };
    const root = { authorization: `Bearer ${await userToken({ name: 'Root', role: 'admin' })}` };
    const forged = { authorization: `Service-Token ${await stranger.serviceToken('billing')}` };
    const forAnn = { ...billing, 'x-user-token': await userToken() };

    expect(
      await Promise.all(
        (['anyService', 'billing', 'user', 'admin', 'behind'] as const).map((path) => ask(path, {})),
      ),
    ).toEqual(Array(5).fill('UNAUTHORIZED'));
    expect(await ask('anyService', forged)).toBe('UNAUTHORIZED');
    expect(await ask('anyService', shop)).toBe('shop');
    expect(await ask('anyService', ann)).toBe('FORBIDDEN');
    expect(await ask('billing', billing)).toEqual(['billing', null]);
    expect(await ask('billing', forAnn)).toEqual(['billing', 'Ann']);
    expect(await ask('billing', shop)).toBe('FORBIDDEN');
    expect(await ask('user', ann)).toBe('Ann');
    expect(await ask('user', billing)).toBe('FORBIDDEN');
    expect(await ask('user', forAnn)).toBe('FORBIDDEN');
    expect(await ask('admin', ann)).toBe('FORBIDDEN');
    expect(await ask('admin', root)).toBe('Root');
    expect(await ask('behind', forAnn)).toEqual(['billing', 'Ann']);
    expect(await ask('behind', ann)).toEqual([null, 'Ann']);
    expect(await ask('behind', billing)).toBe('FORBIDDEN');
  });
});
