import { os } from '@orpc/server';
import { accept, messageSchema } from '../message.ts';

/** The router of both oRPC rows. */
export const router = { notify: os.input(messageSchema).handler(({ input }) => accept(input)) };
export type Router = typeof router;
