import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import type { Stack } from '../stack.ts';
import { listen } from './listen.ts';
import { router, type Router } from './trpc-router.ts';

/** tRPC over WebSocket, with `ws` at both ends: on Node it is faster than the global WebSocket. */
export const trpcWebSocket: Stack = {
  async startServer() {
    const http = createServer();
    const wss = new WebSocketServer({ server: http });
    applyWSSHandler({ wss, router });
    const server = await listen(http);
    return {
      address: server.address,
      async close() {
        for (const socket of wss.clients) socket.terminate();
        wss.close();
        await server.close();
      },
    };
  },
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
