import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocket } from 'ws';
import type { Stack } from '../stack.ts';
import { acceptWebSockets } from './accept-web-sockets.ts';
import { router, type Router } from './trpc-router.ts';

/** tRPC over WebSocket, with `ws` at both ends: on Node it is faster than the global WebSocket. */
export const trpcWebSocket: Stack = {
  startServer: () => acceptWebSockets((wss) => applyWSSHandler({ wss, router })),
  async startClient({ port }) {
    const socket = createWSClient({
      url: `ws://127.0.0.1:${port}`,
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    });
    const client = createTRPCClient<Router>({ links: [wsLink({ client: socket })] });
    return {
      call: (message) => client.notify.mutate(message),
      close: async () => {
        await socket.close();
      },
    };
  },
};
