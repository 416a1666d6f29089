import { randomUUID } from 'node:crypto';
import { inventoryContract } from '#contracts/inventory';
import { pricingContract } from '#contracts/pricing';
import { createMemoryNetwork, createTestIdentity } from '@arcadium/mesh/testing';
import { expect, onTestFinished, test } from 'vitest';
import { priceOf } from './domain/price.ts';
import { createHandlers } from './router.ts';

const lamp = { id: randomUUID(), name: 'Lamp', quantity: 9 };

/** The service on a network in memory, and its client as a user. An inventory with lamps stands beside it. */
async function openPricing() {
  const identity = await createTestIdentity();
  const network = createMemoryNetwork();
  const unused = () => Promise.reject(new Error('not called here'));
  const inventory = network.serve(
    inventoryContract,
    {
      items: {
        add: unused,
        list: unused,
        get: async ({ input: { id }, errors }) => {
          if (id !== lamp.id) throw errors.ITEM_NOT_FOUND({ id });
          return lamp;
        },
      },
      offers: { list: unused },
    },
    identity,
  );
  const clients = {
    inventory: network.connect(inventoryContract, {
      as: 'pricing',
      url: inventory.url,
      token: await identity.serviceToken('pricing'),
    }),
  };
  const service = network.serve(pricingContract, createHandlers(clients), identity);
  const user = network.connect(pricingContract, { as: 'anyone', url: service.url });
  onTestFinished(async () => {
    for (const part of [user, service, clients.inventory, inventory]) await part[Symbol.asyncDispose]();
  });
  return { network, identity, service, user };
}

test('the fewer there are, the more a piece costs', () => {
  expect([0, 1, 9, 1_000_000].map(priceOf)).toEqual([2000, 1500, 1100, 1000]);
});

test('a quote asks inventory how many there are', async () => {
  const { user } = await openPricing();
  const quote = await user.prices.quote.query({ itemId: lamp.id, pieces: 2 });
  expect(quote).toEqual({ name: 'Lamp', cents: 2200 });
});

test('what inventory does not have is an error of the contract', async () => {
  const { user } = await openPricing();
  await expect(user.prices.quote.query({ itemId: lamp.id, pieces: 10 })).rejects.toMatchObject({
    data: { error: { name: 'OUT_OF_STOCK', data: { quantity: 9 } } },
  });
  await expect(user.prices.quote.query({ itemId: randomUUID(), pieces: 1 })).rejects.toMatchObject({
    data: { code: 'NOT_FOUND', error: { name: 'ITEM_NOT_FOUND' } },
  });
});

test('another service may not ask for many prices', async () => {
  const { network, identity, service } = await openPricing();
  // It pretends to be inventory, but its token says who it is.
  const stranger = network.connect(pricingContract, {
    as: 'inventory',
    url: service.url,
    token: await identity.serviceToken('stranger'),
  });
  onTestFinished(() => stranger[Symbol.asyncDispose]());
  await expect(stranger.prices.getMany.query({ quantities: [1] })).rejects.toMatchObject({
    data: { code: 'FORBIDDEN' },
  });
});
