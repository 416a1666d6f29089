import type { inventoryContract } from '#contracts/inventory';
import type { Handlers } from '@arcadium/mesh/server';
import type { InventoryDeps } from './procedures/deps.ts';
import { addItem } from './procedures/items/add-item.ts';
// region: pricing
import { getItem } from './procedures/items/get-item.ts';
import { listOffers } from './procedures/offers/list-offers.ts';
// endregion: pricing
import { listItems } from './stores/items.ts';

/** What answers each procedure of the contract. */
export function createHandlers(deps: InventoryDeps): Handlers<typeof inventoryContract> {
  return {
    items: {
      add: addItem(deps),
      list: async () => ({ items: await listItems(deps.database) }),
      // region: pricing
      get: getItem(deps),
      // endregion: pricing
    },
    // region: pricing
    offers: { list: listOffers(deps) },
    // endregion: pricing
  };
}
