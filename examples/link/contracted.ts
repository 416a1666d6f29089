// Step 3: the first contract, beside the router. A service that calls it imports the contract, and nothing of the app.
import type { Server } from 'node:http';
import { anyone, contract, error, query } from '@arcadium/mesh/contract';
import { fromContract, fromRouter, mount, type Handlers, type MountedService } from '@arcadium/mesh/server';
import { z } from 'zod';
import { appRouter, createContext, pages } from './app.ts';

export const titlesContract = contract('titles', {
  titles: {
    get: query({
      summary: 'The title of a page',
      input: z.object({ slug: z.string().min(1) }),
      output: z.object({ title: z.string(), changedAt: z.iso.datetime() }),
      access: anyone,
      errors: { NO_SUCH_PAGE: error('NOT_FOUND', 'There is no such page', z.object({ slug: z.string() })) },
    }),
  },
});

const handlers: Handlers<typeof titlesContract> = {
  titles: {
    get: async ({ input, errors }) => {
      const page = pages.get(input.slug);
      if (!page) throw errors.NO_SUCH_PAGE({ slug: input.slug });
      return { title: page.title, changedAt: page.changedAt.toISOString() };
    },
  },
};

export function mountContract(server: Server): Promise<MountedService> {
  const parts = [
    fromRouter(appRouter, { name: 'pages', createContext }),
    fromContract(titlesContract, handlers),
  ];
  return mount(parts, server, { version: '1.0.0', prefix: '/api' });
}
