import {
  anyone,
  contract,
  error,
  mutation,
  query,
  // region: pricing
  services,
  // endregion: pricing
  user,
} from '@arcadium/mesh/contract';
import { z } from 'zod';

const item = z.object({ id: z.uuid(), name: z.string(), quantity: z.int() });

/** What the inventory offers: items, and how many there are of each. */
export const inventoryContract = contract('inventory', {
  items: {
    add: mutation({
      summary: 'Add an item',
      input: z.object({
        name: z.string().trim().min(1).max(200),
        quantity: z.int().min(0).max(1_000_000),
      }),
      output: item,
      access: user,
      idempotent: 'by-key',
      errors: {
        NAME_TAKEN: error('CONFLICT', 'There is an item with this name', z.object({ name: z.string() })),
      },
    }),
    list: query({
      summary: 'The first 100 items, by name',
      output: z.object({ items: z.array(item).max(100) }),
      access: anyone,
    }),
    // region: pricing
    get: query({
      summary: 'One item',
      input: z.object({ id: z.uuid() }),
      output: item,
      access: services('pricing'),
      errors: { ITEM_NOT_FOUND: error('NOT_FOUND', 'There is no such item', z.object({ id: z.string() })) },
    }),
    // endregion: pricing
  },
  // region: pricing
  offers: {
    list: query({
      summary: 'The first 100 items, by name, with prices; without them while pricing does not answer',
      output: z.object({ items: z.array(item.extend({ cents: z.int().nullable() })).max(100) }),
      access: anyone,
    }),
  },
  // endregion: pricing
});
