import type { pricingContract } from '#contracts/pricing';
import type { Handlers } from '@arcadium/mesh/server';
import type { Clients } from './clients.ts';
import { priceOf } from './domain/price.ts';
import { quote } from './procedures/prices/quote.ts';

/** What answers each procedure of the contract. */
export function createHandlers(clients: Clients): Handlers<typeof pricingContract> {
  return {
    prices: {
      getMany: async ({ input: { quantities } }) => ({ cents: quantities.map(priceOf) }),
      quote: quote(clients),
    },
  };
}
