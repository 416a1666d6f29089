import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import type { RouterClient } from '@orpc/server';
import { RPCHandler } from '@orpc/server/websocket';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Stack } from '../stack.ts';
import { acceptWebSockets } from './accept-web-sockets.ts';
import { router, type Router } from './orpc-router.ts';

/** oRPC's own protocol over WebSocket, with `ws` at both ends, as in tRPC's row. */
export const orpcWebSocket: Stack = {
  startServer() {
    const handler = new RPCHandler(router);
    return acceptWebSockets((wss) => wss.on('connection', (socket) => handler.upgrade(asStandard(socket))));
  },
  async startClient({ port }) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(socket, 'open');
    const client: RouterClient<Router> = createORPCClient(new RPCLink({ connect: () => asStandard(socket) }));
    return {
      call: (message) => client.notify(message),
      close: async () => socket.terminate(),
    };
  },
};

/** The types of `ws` differ from those of the standard in an option that oRPC does not use. */
function asStandard(socket: WebSocket): globalThis.WebSocket {
  return socket as unknown as globalThis.WebSocket;
}
