import { anyone, contract, error, mutation, query } from '@arcadium/mesh/contract';
import { z } from 'zod';

const item = z.object({ id: z.string(), price: z.number() });

/** What the shop offers; its service and its callers import this. */
export const shopContract = contract('shop', {
  items: {
    get: query({
      summary: 'The price of an item',
      input: z.object({ id: z.string().max(20) }),
      output: item,
      access: anyone,
      errors: { NOT_SOLD: error('NOT_FOUND', 'The shop does not sell this', z.object({ id: z.string() })) },
    }),
    put: mutation({
      summary: 'Set the price of an item',
      input: item,
      output: z.null(),
      access: anyone,
      idempotent: true,
    }),
  },
});
