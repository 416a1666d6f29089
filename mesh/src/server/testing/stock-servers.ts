import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocketServer } from 'ws';
import { silentLogger } from '../../testing/index.ts';
import { fromRouter } from '../router/from-router.ts';
import { serve, type ServeOptions } from '../serve.ts';
import { createStockContext, stockRouter } from './stock-router.ts';

/** The same router, served by tRPC's own adapters and by the mesh. */
export interface StockServers extends AsyncDisposable {
  readonly stock: string;
  readonly mesh: string;
  /** Stops the mesh's service. */
  stop(): Promise<void>;
}

export async function startStockServers(options: Partial<ServeOptions> = {}): Promise<StockServers> {
  const server = createHTTPServer({
    router: stockRouter,
    createContext: createStockContext,
    basePath: '/trpc/',
    allowMethodOverride: true,
  });
  const sockets = new WebSocketServer({ server });
  applyWSSHandler({ wss: sockets, router: stockRouter, createContext: createStockContext });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // However busy the machine is: what is refused for that is not a difference.
  const part = fromRouter(stockRouter, {
    name: 'stock',
    createContext: createStockContext,
    priority: 'critical',
  });
  const service = await serve(part, { port: 0, version: '1', log: silentLogger, ...options });
  service.ready();
  return {
    stock: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mesh: service.url,
    stop: () => service.stop(),
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
      await service.stop();
    },
  };
}
