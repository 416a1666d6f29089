import { anyone, contract, error, mutation, query, services, subscription } from '@arcadium/mesh/contract';
import { z } from 'zod';

const price = z.object({ item: z.string(), cents: z.int() });

export const pricesContract = contract('prices', {
  get: query({
    summary: 'The price of an item',
    input: z.object({ item: z.string().max(100) }),
    output: price,
    access: anyone,
    timeoutMs: 1000,
    errors: { NO_PRICE: error('NOT_FOUND', 'The item has no price', z.object({ item: z.string() })) },
  }),
  set: mutation({
    summary: 'Set the price of an item',
    input: price,
    output: z.object({}),
    access: services('purchasing'),
    idempotent: true,
  }),
  watch: subscription({
    summary: 'Prices, when they change; after a reconnect, those since the last one',
    input: z.object({ lastEventId: z.string().nullish() }),
    output: price,
    access: anyone,
  }),
});
