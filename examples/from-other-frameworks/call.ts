import { safe } from '@trpc/client';
import { withFallback, type MeshClient } from '@arcadium/mesh/client';
import type { pricesContract } from './contract.ts';

type Prices = MeshClient<typeof pricesContract, 'shop'>;

/** The price of an item in words, also if it has none, and if prices does not answer. */
export async function describePrice(prices: Prices, item: string): Promise<string> {
  const answer = prices.get.query({ item });
  const [price, failure] = await safe(withFallback(answer, { item, cents: 0 }));
  if (failure) {
    if (failure.data?.error?.name === 'NO_PRICE') return `${item} is not sold`;
    throw failure;
  }
  return price.cents === 0 ? `${item}: ask for the price` : `${item}: ${price.cents} cents`;
}
