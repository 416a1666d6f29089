import { safe } from '@trpc/client';
import type { MeshClient } from '@arcadium/mesh/client';
import type { Handlers } from '@arcadium/mesh/server';
import type { ordersContract, stockContract } from './contracts.ts';

/** @param pieces By item. */
export function createStock(pieces: Map<string, number>): Handlers<typeof stockContract> {
  const count = (item: string) => pieces.get(item) ?? 0;
  return {
    take: async ({ input, errors }) => {
      const left = count(input.item) - input.pieces;
      if (left < 0) throw errors.SOLD_OUT({ left: count(input.item) });
      pieces.set(input.item, left);
      return { left };
    },
    count: async ({ input }) => ({ left: count(input.item) }),
  };
}

export function createOrders(
  stock: MeshClient<typeof stockContract, 'orders'>,
): Handlers<typeof ordersContract> {
  return {
    place: async ({ input, caller, errors }) => {
      const [taken, failure] = await safe(stock.take.mutate(input));
      if (!failure) return { orderedBy: caller.user.name, left: taken.left };
      const named = failure.data?.error;
      throw named?.name === 'SOLD_OUT' ? errors.SOLD_OUT(named.data) : failure;
    },
  };
}
