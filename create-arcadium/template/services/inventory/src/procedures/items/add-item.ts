import type { inventoryContract } from '#contracts/inventory';
import type { HandlerOf } from '@arcadium/mesh/server';
import { once } from '@arcadium/postgres/idempotency';
import { insertItem } from '../../stores/items.ts';
import type { InventoryDeps } from '../deps.ts';

/** Adds an item, once for its idempotency key: a repeated call gets the answer of the first. */
export function addItem({ sql }: InventoryDeps): HandlerOf<typeof inventoryContract, 'items.add'> {
  return (call) =>
    once(sql, call, async (transaction) => {
      const { input, errors } = call;
      const item = await insertItem(transaction, input);
      if (!item) throw errors.NAME_TAKEN({ name: input.name });
      return item;
    });
}
