import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/fetch';
import { os, type RouterClient } from '@orpc/server';
import { RPCHandler } from '@orpc/server/node';
import { createServer } from 'node:http';
import { accept, messageSchema } from '../message.ts';
import type { Stack } from '../stack.ts';
import { listen } from './listen.ts';

const router = { notify: os.input(messageSchema).handler(({ input }) => accept(input)) };

/** oRPC's own protocol, over node:http and fetch. */
export const orpc: Stack = {
  startServer() {
    const handler = new RPCHandler(router);
    return listen(
      createServer((request, response) => {
        void handler.handle(request, response).then(({ matched }) => {
          if (!matched) response.writeHead(404).end();
        });
      }),
    );
  },
  async startClient({ port }) {
    const client: RouterClient<typeof router> = createORPCClient(
      new RPCLink({ url: `http://127.0.0.1:${port}` }),
    );
    return {
      call: (message) => client.notify(message),
      // fetch's connections end with the process.
      close: async () => {},
    };
  },
};
