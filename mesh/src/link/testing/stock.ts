import { EventEmitter, once, on } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { initTRPC, tracked, TRPCError, type TRPC_ERROR_CODE_KEY } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { octetInputParser } from '@trpc/server/http';
import superjson from 'superjson';
import { z } from 'zod';

/** What the procedures of a stock server did. */
export class StockState {
  /** Inputs of the executed calls of `orders.add`. */
  readonly added: number[] = [];
  arrived = 0;
  /** `lastEventId` of each call of `ticks`. */
  readonly resumedAfter: unknown[] = [];
  readonly events = new EventEmitter();
}

type Context = { headers: IncomingMessage['headers']; state: StockState };

const t = initTRPC.context<Context>().create({
  transformer: superjson,
  isDev: false,
  errorFormatter: ({ shape, error }) => ({
    ...shape,
    data: {
      ...shape.data,
      at: new Date(0),
      issues: error.cause instanceof z.ZodError ? z.flattenError(error.cause).fieldErrors : null,
    },
  }),
});

/** A router without the mesh. */
export const stock = t.router({
  echo: t.procedure
    .input(z.object({ at: z.date(), tags: z.set(z.string()), note: z.string().max(20_000).optional() }))
    .query(({ input }) => input),
  nothing: t.procedure.query(() => undefined),
  headers: t.procedure.query(({ ctx }) => ctx.headers),
  fail: t.procedure.input(z.object({ code: z.string() })).query(({ input }) => {
    throw new TRPCError({ code: input.code as TRPC_ERROR_CODE_KEY, message: `It is ${input.code}` });
  }),
  orders: t.router({
    add: t.procedure.input(z.object({ id: z.number() })).mutation(({ input, ctx }) => {
      ctx.state.added.push(input.id);
      return { id: input.id, at: new Date(1) };
    }),
    crash: t.procedure.mutation(() => {
      throw new Error('A bug');
    }),
    form: t.procedure
      .input(z.instanceof(FormData))
      .mutation(({ input }) =>
        Array.from(input.entries(), ([key, value]) => [key, typeof value === 'string' ? value : value.size]),
      ),
    bytes: t.procedure
      .input(octetInputParser)
      .mutation(async ({ input }) => Buffer.from(await new Response(input).arrayBuffer()).toString()),
  }),
  ticks: t.procedure
    .input(z.object({ lastEventId: z.string().nullish() }).optional())
    .subscription(async function* ({ input, ctx: { state }, signal }) {
      state.resumedAfter.push(input?.lastEventId);
      for await (const [at] of on(state.events, 'tick', { ...(signal && { signal }) }))
        yield tracked(String(at), { at: new Date(at as number) });
    }),
  refused: t.procedure.subscription(async function* () {
    yield 1;
    throw new TRPCError({ code: 'FORBIDDEN', message: 'Not yours' });
  }),
});

/** What a server does with a request: serves it unless it returns true. */
export type Behave = (request: IncomingMessage, response: ServerResponse) => boolean | void;

/** A stock tRPC server, as `createHTTPServer` makes it, below `/api/trpc`. */
export async function startStock(
  state: StockState,
  { port = 0, behave = () => false }: { port?: number; behave?: Behave } = {},
) {
  const requests: { method: string; url: string; upgrade: string | undefined }[] = [];
  const handler = createHTTPHandler({
    router: stock,
    basePath: '/api/trpc/',
    createContext: ({ req: { headers } }) => ({ headers, state }),
  });
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    requests.push({ method, url, upgrade: headers.upgrade });
    if (headers.upgrade !== undefined || behave(request, response) !== true) handler(request, response);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    requests,
    server,
    port: (server.address() as AddressInfo).port,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/trpc`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
