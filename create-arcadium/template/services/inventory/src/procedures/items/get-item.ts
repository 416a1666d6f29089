import type { inventoryContract } from '#contracts/inventory';
import type { HandlerOf } from '@arcadium/mesh/server';
import { findItem } from '../../stores/items.ts';
import type { InventoryDeps } from '../deps.ts';

/** Returns an item, for pricing. */
export function getItem({ database }: InventoryDeps): HandlerOf<typeof inventoryContract, 'items.get'> {
  return async ({ input: { id }, errors }) => {
    const item = await findItem(database, id);
    if (!item) throw errors.ITEM_NOT_FOUND({ id });
    return item;
  };
}
