import { connect, isCallError } from '@arcadium/mesh/client';
import { anyone, contract, error, query } from '@arcadium/mesh/contract';
import { z } from 'zod';

// What a page does with the mesh; a test bundles it and runs it in a browser.

/** What the page calls. */
export const shopContract = contract('shop', {
  get: query({
    summary: 'The price of an item',
    input: z.object({ id: z.string().max(10) }),
    output: z.object({ price: z.number() }),
    access: anyone,
    errors: { NOT_SOLD: error('NOT_FOUND', 'It is not sold', z.object({ id: z.string() })) },
  }),
});

/** The price of one item, and the name of the error for another. */
export async function shop(url: string): Promise<[price: number, error: string | undefined]> {
  const client = connect(shopContract, { url, as: 'anyone' });
  const { price } = await client.get.query({ id: 'pen' });
  const thrown = await client.get.query({ id: 'car' }).catch((reason: unknown) => reason);
  await client[Symbol.asyncDispose]();
  return [price, isCallError(thrown) ? thrown.data.error?.name : String(thrown)];
}
