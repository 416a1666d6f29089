import { anyone, contract, error, mutation, query, services, user } from '@arcadium/mesh/contract';
import { z } from 'zod';

/** What there is. */
export const stockContract = contract('stock', {
  take: mutation({
    summary: 'Take pieces of an item',
    input: z.object({ item: z.string().max(100), pieces: z.int().min(1) }),
    output: z.object({ left: z.int() }),
    access: services('orders'),
    errors: { SOLD_OUT: error('CONFLICT', 'There are not enough pieces', z.object({ left: z.int() })) },
  }),
  count: query({
    summary: 'How many pieces there are',
    input: z.object({ item: z.string().max(100) }),
    output: z.object({ left: z.int() }),
    access: anyone,
  }),
});

/** What was ordered. */
export const ordersContract = contract('orders', {
  place: mutation({
    summary: 'Order pieces of an item',
    input: z.object({ item: z.string().max(100), pieces: z.int().min(1) }),
    output: z.object({ orderedBy: z.string(), left: z.int() }),
    access: user,
    errors: { SOLD_OUT: error('CONFLICT', 'There are not enough pieces', z.object({ left: z.int() })) },
  }),
});
