// Step 0: tRPC's own adapter.
import { createServer, type Server } from 'node:http';
import { createExpressMiddleware } from '@trpc/server/adapters/express';
import { appRouter, createContext } from '../books/router.ts';
import { createApp } from './app.ts';

export function createBefore(): Server {
  const app = createApp();
  app.use('/trpc', createExpressMiddleware({ router: appRouter, createContext }));
  return createServer(app);
}
