import { initTRPC } from '@trpc/server';
import { accept, messageSchema } from '../message.ts';

const t = initTRPC.create();

/** The router of both tRPC rows. */
export const router = t.router({
  notify: t.procedure.input(messageSchema).mutation(({ input }) => accept(input)),
});
export type Router = typeof router;
