import { contract, query, services } from '@arcadium/mesh/contract';
import { z } from 'zod';

/** A contract with one query, for one service. */
export const shelf = contract('shelf', {
  items: {
    get: query({
      summary: 'One item',
      input: z.object({ id: z.int() }),
      output: z.object({ id: z.int(), name: z.string() }),
      access: services('till'),
    }),
  },
});
