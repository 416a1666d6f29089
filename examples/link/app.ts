// A tRPC app as there are many: nothing in this file knows the mesh.
import { EventEmitter, on } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { initTRPC, tracked, TRPCError } from '@trpc/server';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import express from 'express';
import superjson from 'superjson';
import { z } from 'zod';

interface Page {
  slug: string;
  title: string;
  author: string;
  changedAt: Date;
  views: number;
}

export const pages = new Map<string, Page>();
const changes = new EventEmitter();

const t = initTRPC.context<{ user: string | undefined }>().create({
  transformer: superjson,
  errorFormatter: ({ shape, error }) => ({
    ...shape,
    data: {
      ...shape.data,
      fields: error.cause instanceof z.ZodError ? z.flattenError(error.cause).fieldErrors : null,
    },
  }),
});

const asUser = t.procedure.use(({ ctx: { user }, next }) => {
  if (user === undefined) throw new TRPCError({ code: 'UNAUTHORIZED', message: 'Log in first' });
  return next({ ctx: { user } });
});

const slug = z.object({ slug: z.string().min(1) });

export const appRouter = t.router({
  pages: t.router({
    get: t.procedure.input(slug).query(({ input }) => {
      const page = pages.get(input.slug);
      if (!page) throw new TRPCError({ code: 'NOT_FOUND', message: `There is no page ${input.slug}` });
      return page;
    }),
    list: t.procedure.query(() => [...pages.keys()]),
    create: asUser.input(slug.extend({ title: z.string() })).mutation(({ input, ctx: { user } }) => {
      if (pages.has(input.slug)) throw new TRPCError({ code: 'CONFLICT', message: 'The slug is taken' });
      const page = { ...input, author: user, changedAt: new Date(), views: 0 };
      pages.set(page.slug, page);
      changes.emit('change', page);
      return page;
    }),
    rename: asUser.input(slug.extend({ title: z.string() })).mutation(({ input }) => {
      const page = pages.get(input.slug);
      if (page) page.title = input.title;
      return page?.title;
    }),
    changes: t.procedure.subscription(async function* ({ signal }) {
      for await (const [page] of on(changes, 'change', signal && { signal }) as AsyncIterable<[Page]>)
        yield tracked(page.slug, page);
    }),
  }),
});

export type AppRouter = typeof appRouter;

export const createContext = ({ req }: { req: IncomingMessage }) => ({
  user: req.headers.authorization?.replace('Bearer ', ''),
});

export const app = express();
app.use('/api/trpc', createExpressMiddleware({ router: appRouter, createContext }));
