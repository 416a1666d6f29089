import type { Server } from 'node:http';
import { fromRouter, mount, type MountedService } from '@arcadium/mesh/server';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { appRouter, createContext } from '../books/router.ts';

export async function start(): Promise<{ server: Server; service: MountedService }> {
  const app = new Hono();
  app.get('/hello', (context) => context.text('Hello from Hono'));
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server;
  const service = await mount(fromRouter(appRouter, { name: 'books', createContext }), server, {
    version: '1.0.0',
  });
  service.ready();
  return { server, service };
}
