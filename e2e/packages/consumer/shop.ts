import { anyone, contract, error, mutation, nobody, query } from '@arcadium/mesh/contract';
import { connect } from '@arcadium/mesh/client';
import { serve, type Handlers } from '@arcadium/mesh/server';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { z } from 'zod';

// A service and its client, as its users write them: checked by tsc, and run by each Node.

const shopContract = contract('shop', {
  items: {
    get: query({
      summary: 'The price of an item',
      input: z.object({ id: z.string().max(10) }),
      output: z.object({ id: z.string(), price: z.number() }),
      access: anyone,
      errors: { NOT_SOLD: error('NOT_FOUND', 'It is not sold', z.object({ id: z.string() })) },
    }),
    add: mutation({
      summary: 'Sell an item',
      input: z.object({ id: z.string().max(10) }),
      output: z.null(),
      access: anyone,
    }),
  },
});

const prices = new Map([['pen', 2]]);

const handlers: Handlers<typeof shopContract> = {
  items: {
    get: async ({ input: { id }, errors }) => {
      const price = prices.get(id);
      if (price === undefined) throw errors.NOT_SOLD({ id });
      return { id, price };
    },
    add: async ({ input: { id } }) => {
      prices.set(id, 1);
      return null;
    },
  },
};

const service = await serve(shopContract, handlers, {
  port: 0,
  version: '1.0.0',
  log,
  authenticate: () => nobody,
  pingDatabase: async () => {},
});
service.ready();
for (const transport of ['websocket', 'http'] as const) {
  const shop = connect(shopContract, { url: service.url, as: 'anyone', transport, log });
  const { price } = await shop.items.get.query({ id: 'pen' });
  const missing = await shop.items.get.query({ id: 'car' }).catch((thrown: unknown) => thrown);
  await shop.items.add.mutate({ id: transport });
  // @ts-expect-error -- the contract wants a text
  await shop.items.add.mutate({ id: 1 }).catch(() => {});
  await shop[Symbol.asyncDispose]();
  console.log(transport, price, String(missing));
}
await service.stop();
