import type { inventoryContract } from '#contracts/inventory';
import { withFallback } from '@arcadium/mesh/client';
import type { HandlerOf } from '@arcadium/mesh/server';
import { listItems } from '../../stores/items.ts';
import type { InventoryDeps } from '../deps.ts';

/** Lists the items with the prices that pricing has for them; without prices while it does not answer. */
export function listOffers({
  database,
  clients: { pricing },
}: InventoryDeps): HandlerOf<typeof inventoryContract, 'offers.list'> {
  return async () => {
    const items = await listItems(database);
    const quantities = items.map(({ quantity }) => quantity);
    const { cents } = await withFallback(pricing.prices.getMany.query({ quantities }), { cents: [] });
    return {
      items: items.map(({ id, name, quantity }, index) => ({
        id,
        name,
        quantity,
        cents: cents[index] ?? null,
      })),
    };
  };
}
