import { actingFor, contract, either, mutation, query, services, user } from '@arcadium/mesh/contract';
import { z } from 'zod';

const order = z.object({ id: z.string(), placedBy: z.string() });

/** What the shop promises, and what a token must allow for it. */
export const shopContract = contract('shop', {
  orders: {
    place: mutation({
      summary: 'Place an order',
      output: order,
      access: user({ scopes: ['orders:write'] }),
    }),
    list: query({
      summary: 'All orders',
      output: z.array(order),
      access: either(user({ scopes: ['orders:read'] }), services('till', { scopes: ['orders:read'] })),
    }),
    placeFor: mutation({
      summary: 'Place an order for a user at the till',
      output: order,
      access: actingFor(services('till', { scopes: ['orders:act'] }), user({ scopes: ['orders:write'] })),
    }),
  },
});
