import { setTimeout as delay } from 'node:timers/promises';
import { initTRPC, lazy, tracked, TRPCError } from '@trpc/server';
import { octetInputParser } from '@trpc/server/http';
import { observable } from '@trpc/server/observable';
import superjson from 'superjson';
import { z } from 'zod';
import type { MeshMeta } from '../router/settings.ts';

export interface StockContext {
  readonly name: string | undefined;
  readonly params: string | undefined;
}

/** The `createContext` of an app, of the options that tRPC's adapters and the mesh have in common. */
export function createStockContext({
  req,
  info,
}: {
  req: { headers: Record<string, string | string[] | undefined> };
  info: { connectionParams: Record<string, string | undefined> | null };
}): StockContext {
  if (req.headers['x-broken'] !== undefined)
    throw new TRPCError({ code: 'UNAUTHORIZED', message: 'No context' });
  return { name: req.headers['x-name']?.toString(), params: info.connectionParams?.['name'] };
}

const t = initTRPC
  .context<StockContext>()
  .meta<MeshMeta>()
  .create({
    transformer: superjson,
    isDev: false,
    sse: { ping: { enabled: true, intervalMs: 1000 }, client: { reconnectAfterInactivityMs: 3000 } },
    errorFormatter: ({ shape, error, path, input, ctx, type }) => ({
      ...shape,
      data: {
        ...shape.data,
        formatted: { path, input, type, name: ctx?.name, zod: error.cause instanceof z.ZodError },
      },
    }),
  });

const named = t.procedure.use(({ ctx, next }) => {
  if (!ctx.name) throw new TRPCError({ code: 'UNAUTHORIZED', message: 'Name yourself' });
  return next({ ctx: { name: ctx.name } });
});

const late = t.router({
  hello: t.procedure.input(z.string()).query(({ input }) => `late ${input}`),
  deeper: lazy(async () => t.router({ hello: t.procedure.query(() => 'later') })),
});

/** A router as an application has it: nothing of it knows the mesh. */
export const stockRouter = t.router({
  plain: t.procedure.query(() => ({ at: new Date(0), big: 12n, set: new Set([1]), none: undefined })),
  nothing: t.procedure.query(() => undefined),
  echo: t.procedure.input(z.unknown()).query(({ input }) => input),
  store: t.procedure.input(z.object({ at: z.date() })).mutation(({ input }) => input.at),
  whoami: t.procedure.query(({ ctx }) => ctx),
  private: named.input(z.object({ id: z.int() })).query(({ ctx, input }) => `${ctx.name} ${input.id}`),
  index: t.procedure
    .use(({ batchIndex, next }) => next({ ctx: { batchIndex } }))
    .query(({ ctx }) => ctx.batchIndex),
  answer: t.procedure.output(z.object({ ok: z.boolean() })).query(() => ({ ok: 'no' }) as never),
  fail: {
    conflict: t.procedure.query(() => {
      throw new TRPCError({ code: 'CONFLICT', message: 'Taken', cause: new Error('secret') });
    }),
    bug: t.procedure.query(() => {
      throw new Error('a bug');
    }),
    payment: t.procedure.mutation(() => {
      throw new TRPCError({ code: 'PAYMENT_REQUIRED' });
    }),
    own: t.procedure
      .errors(({ shape }) => ({ ...shape, data: { ...shape.data, own: true } }))
      .query(() => {
        throw new TRPCError({ code: 'FORBIDDEN' });
      }),
    circle: t.procedure.query(() => {
      throw { not: 'an error' } as unknown as Error;
    }),
  },
  late: lazy(async () => late),
  form: t.procedure
    .input(z.instanceof(FormData))
    .mutation(async ({ input }) =>
      Promise.all([...input].map(async ([key, value]) => [key, await textOf(value)])),
    ),
  bytes: t.procedure.input(octetInputParser).mutation(async ({ input }) => {
    let size = 0;
    for await (const chunk of input as unknown as AsyncIterable<Uint8Array>) size += chunk.length;
    return size;
  }),
  stream: t.procedure.input(z.int()).query(async function* ({ input }) {
    for (let at = 0; at < input; at += 1) yield { at, big: BigInt(at) };
    return 'end';
  }),
  brokenStream: t.procedure.query(async function* () {
    yield 1;
    throw new TRPCError({ code: 'CONFLICT', message: 'Halfway' });
  }),
  deferred: t.procedure.query(() => ({ now: 1, later: delay(5).then(() => new Date(1)) })),
  ticks: t.procedure
    .input(z.object({ lastEventId: z.string().optional(), upTo: z.int() }))
    .subscription(async function* ({ input: { lastEventId = '-1', upTo } }) {
      for (let id = Number(lastEventId) + 1; id < upTo; id += 1)
        yield tracked(String(id), { at: new Date(id) });
    }),
  count: t.procedure.input(z.int()).subscription(async function* ({ input }) {
    for (let at = 0; at < input; at += 1) yield at;
  }),
  observed: t.procedure.subscription(() =>
    observable<number>((emit) => {
      emit.next(1);
      emit.next(2);
      emit.complete();
    }),
  ),
  failing: t.procedure.subscription(async function* () {
    yield 1;
    throw new TRPCError({ code: 'BAD_REQUEST', message: 'No more' });
  }),
  forNamed: named.subscription(async function* ({ ctx }) {
    yield ctx.name;
  }),
  /** Ignores its signal, as many generators do. */
  forever: t.procedure.subscription(async function* () {
    try {
      for (let at = 0; ; at += 1) {
        yield at;
        await delay(5);
      }
    } finally {
      ended.count += 1;
    }
  }),
  stay: t.procedure.query(async ({ signal }) => {
    await new Promise<void>((resolve) => {
      stayed.begun += 1;
      signal?.addEventListener('abort', () => resolve());
    });
    stayed.aborted += 1;
    return 'gone';
  }),
});

/** How many streams of `forever` have ended. */
export const ended = { count: 0 };
/** Calls of `stay`, and those whose signal has fired. */
export const stayed = { begun: 0, aborted: 0 };

export type StockRouter = typeof stockRouter;

async function textOf(value: string | Blob): Promise<string> {
  return typeof value === 'string' ? value : value.text();
}
