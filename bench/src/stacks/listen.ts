import { once } from 'node:events';
import { createServer, type Server as TcpServer } from 'node:net';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BenchServer } from '../stack.ts';

/** Listens on a free port, and keeps idle connections longer than any client does. */
export async function listen(server: Server): Promise<BenchServer> {
  server.keepAliveTimeout = 600_000;
  const port = await listenOn(server);
  return {
    address: { port },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A free port, for a server that does not report its own. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOn(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** Listens on a free port of this machine only. @returns The port. */
export async function listenOn(server: TcpServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
