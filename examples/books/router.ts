// A tRPC router as an application has it. Nothing in it knows the mesh.
import { EventEmitter, on } from 'node:events';
import { initTRPC, tracked, TRPCError } from '@trpc/server';
import { z } from 'zod';

export interface Context {
  /** The name in the header `x-user`, as the application has always done it. */
  readonly user: string | undefined;
}

/** Of what tRPC's adapters and the mesh have in common. */
export function createContext({
  req,
}: {
  req: { headers: Record<string, string | string[] | undefined> };
}): Context {
  return { user: req.headers['x-user']?.toString() };
}

const t = initTRPC.context<Context>().create({ isDev: false });

const forUsers = t.procedure.use(({ ctx, next }) => {
  if (ctx.user === undefined) throw new TRPCError({ code: 'UNAUTHORIZED', message: 'Log in first' });
  return next({ ctx: { user: ctx.user } });
});

const books = new Map<string, { title: string; by: string }>();
const added = new EventEmitter();

export const appRouter = t.router({
  books: {
    get: t.procedure.input(z.object({ id: z.string() })).query(({ input }) => {
      const book = books.get(input.id);
      if (!book) throw new TRPCError({ code: 'NOT_FOUND', message: `There is no book ${input.id}` });
      return book;
    }),
    add: forUsers.input(z.object({ id: z.string(), title: z.string() })).mutation(({ ctx, input }) => {
      const book = { title: input.title, by: ctx.user };
      books.set(input.id, book);
      added.emit('added', input.id);
      return book;
    }),
    added: t.procedure.subscription(async function* ({ signal }) {
      for await (const [id] of on(added, 'added', signal ? { signal } : {}))
        yield tracked(id as string, { id: id as string });
    }),
    slow: t.procedure.query(async () => {
      slowCalls.begun += 1;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return 'slow';
    }),
  },
});

/** Calls of `books.slow` that have begun, for tests. */
export const slowCalls = { begun: 0 };

export type AppRouter = typeof appRouter;
