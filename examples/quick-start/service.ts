import { nobody } from '@arcadium/mesh/contract';
import { serve, type Handlers, type RunningService } from '@arcadium/mesh/server';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { shopContract } from './contract.ts';

const prices = new Map([['pen', 2]]);

const handlers: Handlers<typeof shopContract> = {
  items: {
    get: async ({ input: { id }, errors }) => {
      const price = prices.get(id);
      if (price === undefined) throw errors.NOT_SOLD({ id });
      return { id, price };
    },
    put: async ({ input: { id, price } }) => {
      prices.set(id, price);
      return null;
    },
  },
};

/** Starts the shop on any free port. */
export async function startShop(): Promise<RunningService> {
  const service = await serve(shopContract, handlers, {
    port: 0,
    version: '1.0.0',
    log,
    // Every caller is anonymous: see the guide on identity.
    authenticate: () => nobody,
    pingDatabase: async () => {},
  });
  service.ready();
  return service;
}
