import { createMemoryNetwork, createTestIdentity } from '@arcadium/mesh/testing';
import { onTestFinished } from 'vitest';
import { ordersContract, stockContract } from './contracts.ts';
import { createOrders, createStock } from './services.ts';

/** Both services on a network in memory, and a client as Ann. They end with the test. */
export async function openShop(pieces: Record<string, number>) {
  const network = createMemoryNetwork();
  const identity = await createTestIdentity();
  const stock = network.serve(stockContract, createStock(new Map(Object.entries(pieces))), identity);
  const stockClient = network.connect(stockContract, {
    as: 'orders',
    url: stock.url,
    token: await identity.serviceToken('orders'),
  });
  const orders = network.serve(ordersContract, createOrders(stockClient), identity);
  const ann = network.connect(ordersContract, {
    as: 'user',
    url: orders.url,
    token: await identity.userToken({ name: 'Ann' }),
  });
  onTestFinished(async () => {
    for (const part of [ann, orders, stockClient, stock]) await part[Symbol.asyncDispose]();
  });
  return { network, identity, stock, orders, ann };
}
