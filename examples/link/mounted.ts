// Step 2: the router under the mesh, on the server that Express has. The mesh answers /api/trpc first, so that the
// adapter in app.ts can go whenever it suits.
import type { Server } from 'node:http';
import { fromRouter, mount, type MountedService } from '@arcadium/mesh/server';
import { appRouter, createContext } from './app.ts';

export function mountRouter(server: Server): Promise<MountedService> {
  const router = fromRouter(appRouter, { name: 'pages', createContext });
  return mount(router, server, { version: '1.0.0', prefix: '/api' });
}
