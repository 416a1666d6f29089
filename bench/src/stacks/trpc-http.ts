import { createTRPCClient, httpLink } from '@trpc/client';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import type { Stack } from '../stack.ts';
import { listen } from './listen.ts';
import { router, type Router } from './trpc-router.ts';

/** tRPC as its documentation sets it up: the standalone server, and httpLink over fetch. */
export const trpcHttp: Stack = {
  startServer: () => listen(createHTTPServer({ router })),
  async startClient({ port }) {
    const client = createTRPCClient<Router>({ links: [httpLink({ url: `http://127.0.0.1:${port}` })] });
    return {
      call: (message) => client.notify.mutate(message),
      // fetch's connections end with the process.
      close: async () => {},
    };
  },
};
