import { createServer, type Server } from 'node:http';
import { fromRouter, mount, type MountedService } from '@arcadium/mesh/server';
import next from 'next';
import { appRouter, createContext } from '../books/router.ts';

// With `moduleResolution: nodenext`, its types have the function at `default`, which Node has not.
const createNext = next as unknown as typeof next.default;

interface Started {
  readonly server: Server;
  readonly service: MountedService;
  close(): Promise<void>;
}

export async function start({ dev }: { dev: boolean }): Promise<Started> {
  const server = createServer();
  // Next takes the WebSockets of its hot reload from this server, at the first request.
  const app = createNext({ dev, dir: import.meta.dirname, httpServer: server });
  await app.prepare();
  const handle = app.getRequestHandler();
  server.on('request', (request, response) => void handle(request, response));
  const service = await mount(fromRouter(appRouter, { name: 'books', createContext }), server, {
    version: '1.0.0',
  });
  server.listen(0, '127.0.0.1', () => service.ready());
  return { server, service, close: () => app.close() };
}
