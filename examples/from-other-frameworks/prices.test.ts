import { connect } from '@arcadium/mesh/client';
import { serve } from '@arcadium/mesh/server';
import { createTestIdentity, silentLogger } from '@arcadium/mesh/testing';
import { expect, onTestFinished, test } from 'vitest';
import { describePrice } from './call.ts';
import { pricesContract } from './contract.ts';
import { createHandlers } from './handlers.ts';

/** The service on a real socket, and its clients. */
async function openPrices() {
  const { authenticate, serviceToken } = await createTestIdentity();
  const log = silentLogger;
  const service = await serve(pricesContract, createHandlers(), {
    port: 0,
    version: '1.0.0',
    authenticate,
    log,
    pingDatabase: async () => {},
  });
  service.ready();
  const to = { url: service.url, log, retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 } };
  const shop = connect(pricesContract, { ...to, as: 'shop', token: await serviceToken('shop') });
  const purchasing = connect(pricesContract, {
    ...to,
    as: 'purchasing',
    token: await serviceToken('purchasing'),
  });
  onTestFinished(async () => {
    await shop[Symbol.asyncDispose]();
    await purchasing[Symbol.asyncDispose]();
    await service.stop();
  });
  return { service, shop, purchasing };
}

test('a price is set, read, and described; also when there is none, and when nobody answers', async () => {
  const { service, shop, purchasing } = await openPrices();
  expect(await describePrice(shop, 'lamp')).toBe('lamp is not sold');
  await purchasing.set.mutate({ item: 'lamp', cents: 900 });
  expect(await describePrice(shop, 'lamp')).toBe('lamp: 900 cents');
  await service.stop();
  expect(await describePrice(shop, 'lamp')).toBe('lamp: ask for the price');
});

test('a stream goes on after the last event that its caller has seen', async () => {
  const { shop, purchasing } = await openPrices();
  const seen: unknown[] = [];
  const watch = (lastEventId?: string) =>
    shop.watch.subscribe({ lastEventId }, { onData: ({ id, data }) => seen.push([id, data.cents]) });
  for (const cents of [1, 2, 3]) await purchasing.set.mutate({ item: 'lamp', cents });
  const watching = watch('1');
  await expect
    .poll(() => seen)
    .toEqual([
      ['2', 2],
      ['3', 3],
    ]);
  await purchasing.set.mutate({ item: 'lamp', cents: 4 });
  await expect.poll(() => seen.at(-1)).toEqual(['4', 4]);
  watching.unsubscribe();
});
