import { anyone, contract, error, query, services } from '@arcadium/mesh/contract';
import { z } from 'zod';

/** What things cost. Amounts are in cents. */
export const pricingContract = contract('pricing', {
  prices: {
    getMany: query({
      summary: 'The prices of some items, in their order',
      input: z.object({ quantities: z.array(z.int().min(0)).max(100) }),
      output: z.object({ cents: z.array(z.int()).max(100) }),
      access: services('inventory'),
    }),
    quote: query({
      summary: 'What some pieces of an item cost',
      input: z.object({ itemId: z.uuid(), pieces: z.int().min(1).max(1_000_000) }),
      output: z.object({ name: z.string(), cents: z.int() }),
      access: anyone,
      errors: {
        ITEM_NOT_FOUND: error('NOT_FOUND', 'There is no such item', z.object({ id: z.string() })),
        OUT_OF_STOCK: error('CONFLICT', 'There are not enough pieces', z.object({ quantity: z.int() })),
      },
    }),
  },
});
