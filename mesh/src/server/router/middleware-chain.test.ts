import { createRequire } from 'node:module';
import { initTRPC, TRPCError, type AnyTRPCProcedure } from '@trpc/server';
import { isObservable, observable } from '@trpc/server/observable';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { chainOf, type Called } from './middleware-chain.ts';

interface Context {
  readonly seen: unknown[];
  readonly user?: string | undefined;
}

const t = initTRPC.context<Context>().meta<{ topic: string }>().create();

/** Records what a middleware or a resolver gets. `next` is another function for each. */
const record = ({ ctx, ...options }: { ctx: Context }): void => {
  ctx.seen.push({ ...options, user: ctx.user, next: 'next' in options && typeof options.next });
};
const watching = t.middleware((options) => {
  record(options);
  return options.next();
});
const watched = t.procedure.meta({ topic: 'tests' }).use(watching);
const named = t.middleware(({ next }) => next({ ctx: { user: 'Ann' } }));
const outer = z.object({ id: z.string() });
const inner = z.object({ size: z.coerce.number() });
const resolve = (options: { ctx: Context }): unknown => {
  record(options);
  return 'resolved';
};

const procedures: Record<string, AnyTRPCProcedure> = {
  'a resolver': t.procedure.query(resolve),
  'an input': t.procedure.input(outer).query(resolve),
  'merged inputs': watched.input(outer).use(watching).input(inner).use(watching).mutation(resolve),
  'an asynchronous parser': t.procedure
    .input(z.string().refine(async (text) => text !== ''))
    .query(({ input }) => input),
  'a refused input': watched.input(z.number()).query(resolve),
  'a changed context': watched.use(named).use(watching).query(resolve),
  'a changed input': watched.use(({ next }) => next({ input: 7 } as never)).query(resolve),
  'no input, from a middleware': watched
    .use(({ next }) => next({ input: undefined } as never))
    .query(resolve),
  'another raw input': watched
    .use(({ next }) => next({ getRawInput: async () => ({ id: 'other' }) } as never))
    .input(outer)
    .query(({ input }) => input),
  'an output': t.procedure.output(outer).query(() => ({ id: 'a', more: 1 })),
  'a refused output': watched.output(outer).query((() => 1) as never),
  'a thrown error': watched.query(() => {
    throw new RangeError('out of range');
  }),
  'a thrown value': watched.query(() => Promise.reject('text')),
  'an error of tRPC': watched.query(() => {
    throw new TRPCError({ code: 'CONFLICT', message: 'Taken' });
  }),
  'an error that a middleware sees': t.procedure
    .use(async ({ next, ctx }) => {
      const result = await next();
      ctx.seen.push(result);
      return result;
    })
    .query(() => {
      throw new RangeError('out of range');
    }),
  'a second try': t.procedure
    .use(async ({ next }) => {
      const first = await next({ ctx: { tries: 1 } });
      return first.ok ? first : next({ ctx: { tries: 2 } });
    })
    .query(({ ctx }) => {
      if (ctx.tries === 1) throw new Error('once');
      return ctx.tries;
    }),
  'an answer of a middleware': t.procedure
    .use((async () => ({ ok: true, data: 'cached', marker: 'middlewareMarker' })) as never)
    .query(resolve),
  'no answer of a middleware': watched.use((async () => undefined) as never).query(resolve),
  'no answer below an output': t.procedure
    .output(outer)
    .use((async () => undefined) as never)
    .query(() => ({ id: 'a' })),
  'an error formatter': watched
    .errors(() => ({ message: 'own' }) as never)
    .query(() => {
      throw new Error('inside');
    }),
  'a subscription': watched.input(outer).subscription(async function* events({ input }) {
    yield input.id;
  }),
  'an observable': t.procedure.subscription(() => observable((observer) => observer.complete())),
  'a resolver that calls next': t.procedure.query((options) =>
    (options as unknown as { next(): unknown }).next(),
  ),
};

/** What a run does. */
async function outcome(run: (called: Called) => Promise<unknown>, type: string): Promise<unknown> {
  const seen: unknown[] = [];
  const called = { ctx: { seen }, getRawInput, path: 'some.path', type, signal, batchIndex: 2 };
  const answer = await run(called as Called).then(
    (data) => (isIterable(data) ? 'iterable' : isObservable(data) ? 'observable' : data),
    (error: TRPCError) => ({
      code: error.code,
      name: error.name,
      message: error.message,
      cause: error.cause,
    }),
  );
  return { answer, seen };
}

const signal = AbortSignal.abort('never');
const getRawInput = async (): Promise<unknown> => ({ id: 'a', size: '3' });

function isIterable(data: unknown): boolean {
  return typeof data === 'object' && data !== null && Symbol.asyncIterator in data;
}

test.for(Object.entries(procedures))('runs as the procedure itself: %s', async ([, procedure]) => {
  const chain = chainOf(procedure);
  expect(chain).not.toBe(procedure);
  const { type } = procedure._def;
  const own = await outcome(procedure as (called: Called) => Promise<unknown>, type);
  expect(await outcome(chain, type)).toStrictEqual(own);
});

test('a procedure that is wrapped, or of another build of tRPC, runs itself', () => {
  const plain = t.procedure.query(resolve);
  const wrapped = Object.assign((called: Called) => plain(called), plain) as unknown as AnyTRPCProcedure;
  expect(chainOf(wrapped)).toBe(wrapped);
  const overridden = t.procedure.experimental_caller(async () => 'own').query(resolve);
  expect(chainOf(overridden as never)).toBe(overridden);
  const other = createRequire(import.meta.url)('@trpc/server') as { initTRPC: typeof initTRPC };
  const foreign = other.initTRPC.create().procedure.query(() => 'foreign');
  expect(chainOf(foreign)).toBe(foreign);
});
