// Step 2: the router under the mesh, on the server of the Express app.
import { createServer, type Server } from 'node:http';
import { fromRouter, mount, type MountedService } from '@arcadium/mesh/server';
import { Server as SocketServer } from 'socket.io';
import { appRouter, createContext } from '../books/router.ts';
import { createApp } from './app.ts';

export async function start(): Promise<{ server: Server; service: MountedService }> {
  const server = createServer(createApp());
  // It has WebSockets of its own.
  new SocketServer(server).on('connection', (socket) => socket.emit('greeting', 'hello'));
  const service = await mount(fromRouter(appRouter, { name: 'books', createContext }), server, {
    version: '1.0.0',
  });
  server.listen(0, '127.0.0.1', () => service.ready());
  return { server, service };
}
