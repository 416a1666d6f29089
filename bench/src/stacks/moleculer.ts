import { Errors } from 'moleculer';
import { accept, messageSchema } from '../message.ts';
import type { Stack } from '../stack.ts';
import { startCaller, startNode } from './moleculer-node.ts';

/** Everything optional is off; what is left is the TCP transporter. */
const options = { validator: false, metrics: false, tracing: false };

/** Moleculer over TCP, without its features. */
export const moleculerBare: Stack = {
  startServer: () =>
    startNode(options, {
      handler({ params }) {
        const parsed = messageSchema.safeParse(params);
        if (parsed.success) return accept(parsed.data);
        throw new Errors.ValidationError('The input does not fit');
      },
    }),
  startClient: (address) => startCaller(options, address),
};
