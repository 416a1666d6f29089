import { fromRouter, mount, type MountedService } from '@arcadium/mesh/server';
import fastify, { type FastifyInstance } from 'fastify';
import { appRouter, createContext } from '../books/router.ts';

export async function start(): Promise<{ app: FastifyInstance; service: MountedService }> {
  const app = fastify();
  app.get('/hello', () => 'Hello from Fastify');
  const part = fromRouter(appRouter, { name: 'books', createContext });
  const service = await mount(part, app.server, { version: '1.0.0', prefix: '/mesh' });
  // Fastify closes its server itself; the calls in progress come first.
  app.addHook('preClose', () => service.stop());
  await app.listen({ host: '127.0.0.1', port: 0 });
  service.ready();
  return { app, service };
}
