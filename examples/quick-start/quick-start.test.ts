import { connect, isCallError } from '@arcadium/mesh/client';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shopContract } from './contract.ts';
import { startShop } from './service.ts';

let service: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  service = await startShop();
});
afterAll(() => service.stop());

test('a client calls the shop, and gets typed answers and errors', async () => {
  const shop = connect(shopContract, { url: service.url, as: 'anyone', log });
  await shop.items.put.mutate({ id: 'book', price: 12 });
  expect(await shop.items.get.query({ id: 'book' })).toEqual({ id: 'book', price: 12 });

  const thrown = await shop.items.get.query({ id: 'car' }).catch((error: unknown) => error);
  expect(isCallError(thrown) && thrown.data?.error).toEqual({ name: 'NOT_SOLD', data: { id: 'car' } });
  await shop[Symbol.asyncDispose]();
});

test('the service says how it is', async () => {
  const health = await fetch(`${service.url}/health`);
  expect(await health.json()).toMatchObject({ status: 'healthy', service: 'shop', version: '1.0.0' });
});
