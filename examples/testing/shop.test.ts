import { expect, test } from 'vitest';
import { stockContract } from './contracts.ts';
import { openShop } from './shop.ts';

test('Ann orders, and the stock shrinks', async () => {
  const { ann } = await openShop({ lamp: 3 });
  expect(await ann.place.mutate({ item: 'lamp', pieces: 2 })).toEqual({ orderedBy: 'Ann', left: 1 });
});

test('what is sold out is an error of the contract', async () => {
  const { ann } = await openShop({ lamp: 1 });
  await expect(ann.place.mutate({ item: 'lamp', pieces: 2 })).rejects.toMatchObject({
    data: { code: 'CONFLICT', error: { name: 'SOLD_OUT', data: { left: 1 } } },
  });
});

test('another service is refused', async () => {
  const { network, identity, stock } = await openShop({ lamp: 1 });
  // Its type would allow the call; its token does not.
  const stranger = network.connect(stockContract, {
    as: 'orders',
    url: stock.url,
    token: await identity.serviceToken('stranger'),
  });
  await expect(stranger.take.mutate({ item: 'lamp', pieces: 1 })).rejects.toMatchObject({
    data: { code: 'FORBIDDEN' },
  });
  await stranger[Symbol.asyncDispose]();
});
