import { once } from 'node:events';
import { createRequire } from 'node:module';
import type * as Trpc from '@trpc/client';
import { createTRPCClient, httpLink, TRPCClientError, type TRPCLink } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import superjson from 'superjson';
import { afterAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../testing/index.ts';
import { connectRouter, meshLink } from './index.ts';
import { startStock, StockState, type stock } from './testing/stock.ts';

// Answer by answer, the link and the client give what tRPC's httpLink gives.

const state = new StockState();
const server = await startStock(state);
const options = { url: server.url, transformer: superjson };
afterAll(() => server[Symbol.asyncDispose]());

/** A link or a client for one test: the errors that it asks for would open the breaker of a longer one. */
const forOneTest = { ...options, log: silentLogger, retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 } };
const meshLinkOnce = () => meshLink<typeof stock>(forOneTest);

type Client = ReturnType<typeof createTRPCClient<typeof stock>>;

const clientOf = (link: TRPCLink<typeof stock>): Client => createTRPCClient<typeof stock>({ links: [link] });

/** What a caller can see of a call. */
async function seen(make: (client: Client) => Promise<unknown>, client: Client) {
  try {
    return { data: await make(client) };
  } catch (error) {
    const { message, shape, data, name, cause } = error as TRPCClientError<typeof stock>;
    return { isClientError: error instanceof TRPCClientError, name, message, shape, data, cause };
  }
}

const form = (): FormData => {
  const made = new FormData();
  made.set('title', 'Zoë');
  made.set('file', new Blob(['x'.repeat(100_000)]), 'a.txt');
  return made;
};

const note = 'Ünï✓ '.repeat(1500);

const calls: Record<string, (client: Client) => Promise<unknown>> = {
  'a date and a set': (client) => client.echo.query({ at: new Date(7), tags: new Set(['a']) }),
  'an input longer than 2,000 characters': (client) =>
    client.echo.query({ at: new Date(7), tags: new Set(), note: note.slice(0, 1000) }),
  nothing: (client) => client.nothing.query(),
  'a mutation': (client) => client.orders.add.mutate({ id: 1 }),
  'a form': (client) => client.orders.form.mutate(form()),
  bytes: (client) => client.orders.bytes.mutate(new TextEncoder().encode('some bytes')),
  'a blob': (client) => client.orders.bytes.mutate(new Blob(['a blob'])),
  'an input that does not fit': (client) => client.orders.add.mutate({ id: 'one' as never }),
  'a bug in a handler': (client) => client.orders.crash.mutate(),
  'an unknown procedure': (client) => (client as unknown as { ordres: Client['nothing'] }).ordres.query(),
  'a query called as a mutation': (client) =>
    (client as unknown as { nothing: Client['orders']['crash'] }).nothing.mutate(),
  ...Object.fromEntries(
    Object.keys(TRPC_ERROR_CODES_BY_KEY).map((code) => [
      code,
      (client: Client) => client.fail.query({ code: code }),
    ]),
  ),
};

describe('a stock router with superjson and an error formatter', () => {
  test.each(Object.entries(calls))('%s', async (_name, make) => {
    await using ours = meshLinkOnce();
    await using direct = connectRouter<typeof stock>(forOneTest);
    const theirs = await seen(make, clientOf(httpLink<typeof stock>(options)));
    expect(await seen(make, clientOf(ours))).toEqual(theirs);
    expect(await seen(make, direct)).toEqual(theirs);
  });

  test('the errors have what the formatter added, as the transformer made it', async () => {
    await using ours = meshLinkOnce();
    expect(await seen(calls['an input that does not fit'] as never, clientOf(ours))).toMatchObject({
      data: { code: 'BAD_REQUEST', at: new Date(0), issues: { id: [expect.stringContaining('number')] } },
    });
  });
});

test('a client of another copy of @trpc/client gets the same errors', async () => {
  await using ours = meshLinkOnce();
  const copy = createRequire(import.meta.url)('@trpc/client') as typeof Trpc;
  expect(copy.TRPCClientError).not.toBe(TRPCClientError);
  const client = copy.createTRPCClient<typeof stock>({ links: [ours] });
  const error: unknown = await client.fail.query({ code: 'CONFLICT' }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(copy.TRPCClientError);
  expect(error).toMatchObject({ message: 'It is CONFLICT', data: { code: 'CONFLICT', at: new Date(0) } });
});

test('a router whose formatter leaves nothing but a message, and another status', async () => {
  const t = initTRPC.create({ errorFormatter: ({ shape: { message, code } }) => ({ message, code }) });
  const router = t.router({
    get: t.procedure.query(() => ({ a: [1, null] })),
    take: t.procedure.mutation(({ input }) => input ?? null),
  });
  const plain = createHTTPServer({ router, responseMeta: () => ({ status: 200 }) }).listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const url = `http://127.0.0.1:${(plain.address() as { port: number }).port}`;
  await using link = meshLink({ url, log: silentLogger });
  const [mine, theirs] = [link, httpLink({ url })].map((each) =>
    createTRPCClient<typeof router>({ links: [each as TRPCLink<typeof router>] }),
  );
  expect(await mine?.get.query()).toEqual(await theirs?.get.query());
  expect(await mine?.take.mutate()).toEqual(await theirs?.take.mutate());
  const wrong = (client: unknown) =>
    (client as { take: { query(): Promise<unknown> } }).take
      .query()
      .catch(({ shape, data, message }) => ({ shape, data, message }));
  expect(await wrong(mine)).toEqual(await wrong(theirs));
  plain.closeAllConnections();
  plain.close();
});
