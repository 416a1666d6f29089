import type { pricingContract } from '#contracts/pricing';
import type { HandlerOf } from '@arcadium/mesh/server';
import { safe } from '@trpc/client';
import type { Clients } from '../../clients.ts';
import { priceOf } from '../../domain/price.ts';

/** Asks inventory how many pieces there are, and says what some of them cost. */
export function quote({ inventory }: Clients): HandlerOf<typeof pricingContract, 'prices.quote'> {
  return async ({ input: { itemId, pieces }, errors }) => {
    const [item, failure] = await safe(inventory.items.get.query({ id: itemId }));
    if (failure) {
      // Errors of the contract have names and types. Any other failure passes through.
      const named = failure.data?.error;
      throw named?.name === 'ITEM_NOT_FOUND' ? errors.ITEM_NOT_FOUND(named.data) : failure;
    }
    if (item.quantity < pieces) throw errors.OUT_OF_STOCK({ quantity: item.quantity });
    return { name: item.name, cents: pieces * priceOf(item.quantity) };
  };
}
