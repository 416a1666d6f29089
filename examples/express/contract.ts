// Step 3: the first contract, beside the router. Other services call it with a typed client that imports no router.
import { createServer, type Server } from 'node:http';
import { anyone, contract, query } from '@arcadium/mesh/contract';
import { fromContract, fromRouter, mount, type Handlers, type MountedService } from '@arcadium/mesh/server';
import { z } from 'zod';
import { appRouter, createContext } from '../books/router.ts';
import { createApp } from './app.ts';

export const stockContract = contract('stock', {
  stock: {
    level: query({
      summary: 'Copies of a book that are left',
      input: z.object({ id: z.string() }),
      output: z.object({ left: z.int() }),
      access: anyone,
    }),
  },
});

const handlers: Handlers<typeof stockContract> = {
  stock: { level: async ({ input }) => ({ left: input.id.length }) },
};

export async function start(): Promise<{ server: Server; service: MountedService }> {
  const server = createServer(createApp());
  const parts = [
    fromRouter(appRouter, { name: 'books', createContext }),
    fromContract(stockContract, handlers),
  ];
  const service = await mount(parts, server, { version: '1.0.0' });
  server.listen(0, '127.0.0.1', () => service.ready());
  return { server, service };
}
