import { randomUUID } from 'node:crypto';
import { inventoryContract } from '#contracts/inventory';
// region: pricing
import { pricingContract } from '#contracts/pricing';
// endregion: pricing
import { createMemoryNetwork, createTestIdentity } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createHandlers } from './router.ts';
import { listItems } from './stores/items.ts';
import { openTestDatabase } from './testing/open-database.ts';

let opened: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => void (opened = await openTestDatabase()));
afterAll(() => opened?.close());

/** The service on a network in memory, and its client as Ann. */
async function openInventory() {
  const identity = await createTestIdentity();
  const network = createMemoryNetwork();
  // region: pricing
  // Stands in for pricing, by its contract.
  const pricing = network.serve(
    pricingContract,
    {
      prices: {
        getMany: async ({ input }) => ({ cents: input.quantities.map((quantity) => quantity * 100) }),
        quote: () => Promise.reject(new Error('not called here')),
      },
    },
    identity,
  );
  const pricingClient = network.connect(pricingContract, {
    as: 'inventory',
    url: pricing.url,
    token: await identity.serviceToken('inventory'),
    retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 },
  });
  // endregion: pricing
  const { database, sql } = opened;
  const handlers = createHandlers({
    database,
    sql,
    // region: pricing
    clients: { pricing: pricingClient },
    // endregion: pricing
  });
  const service = network.serve(inventoryContract, handlers, identity);
  const ann = network.connect(inventoryContract, {
    as: 'user',
    url: service.url,
    token: await identity.userToken({ name: 'Ann' }),
    timeoutMs: 500,
  });
  onTestFinished(async () => {
    await ann[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
    // region: pricing
    await pricingClient[Symbol.asyncDispose]();
    await pricing[Symbol.asyncDispose]();
    // endregion: pricing
  });
  return {
    service,
    ann,
    // region: pricing
    pricing,
    // endregion: pricing
  };
}

/** A name that no other test has. */
const newName = () => `Lamp ${randomUUID()}`;

test('an item that a user adds is listed', async () => {
  const { ann } = await openInventory();
  const added = await ann.items.add.mutate({ name: newName(), quantity: 3 });
  expect((await ann.items.list.query()).items).toContainEqual(added);
});

test('an item is added once, although the answer was lost', async () => {
  const { service, ann } = await openInventory();
  const name = newName();
  service.loses = 'answers';
  const adding = ann.items.add.mutate({ name, quantity: 3 }, { context: { idempotencyKey: randomUUID() } });
  const stored = async () => (await listItems(opened.database)).filter((item) => item.name === name);
  await expect.poll(stored).toHaveLength(1);
  // The client tries again after its timeout, with the same key.
  service.loses = undefined;
  expect(await stored()).toEqual([await adding]);
});

test('a name is taken once', async () => {
  const { ann } = await openInventory();
  const name = newName();
  await ann.items.add.mutate({ name, quantity: 3 });
  await expect(ann.items.add.mutate({ name, quantity: 4 })).rejects.toMatchObject({
    data: { error: { name: 'NAME_TAKEN', data: { name } } },
  });
});

// region: pricing

test('offers have the prices of pricing, and none while it is away', async () => {
  const { ann, pricing } = await openInventory();
  const { id } = await ann.items.add.mutate({ name: newName(), quantity: 3 });
  const offer = async () => (await ann.offers.list.query()).items.find((item) => item.id === id);
  expect(await offer()).toMatchObject({ quantity: 3, cents: 300 });
  pricing.reachable = false;
  pricing.cut();
  expect(await offer()).toMatchObject({ quantity: 3, cents: null });
});
// endregion: pricing
