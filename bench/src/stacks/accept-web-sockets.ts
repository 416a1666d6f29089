import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import type { BenchServer } from '../stack.ts';
import { listen } from './listen.ts';

/** A server of the `ws` package on a free port. @param serve Gets it before it listens. */
export async function acceptWebSockets(serve: (wss: WebSocketServer) => unknown): Promise<BenchServer> {
  const http = createServer();
  const wss = new WebSocketServer({ server: http });
  serve(wss);
  const { address, close } = await listen(http);
  return {
    address,
    async close() {
      for (const socket of wss.clients) socket.terminate();
      wss.close();
      await close();
    },
  };
}
