import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/fetch';
import type { RouterClient } from '@orpc/server';
import { RPCHandler } from '@orpc/server/node';
import { createServer } from 'node:http';
import type { Stack } from '../stack.ts';
import { listen } from './listen.ts';
import { router, type Router } from './orpc-router.ts';

/** oRPC's own protocol, over node:http and fetch. */
export const orpcFetch: Stack = {
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
    const link = new RPCLink({ origin: `http://127.0.0.1:${port}` });
    const client: RouterClient<Router> = createORPCClient(link);
    return {
      call: (message) => client.notify(message),
      // fetch's connections end with the process.
      close: async () => {},
    };
  },
};
