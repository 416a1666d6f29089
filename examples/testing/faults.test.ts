import { InDoubtError } from '@arcadium/mesh/client';
import { recordingLogger, useFakeClock, type FakeClock } from '@arcadium/mesh/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stockContract } from './contracts.ts';
import { openShop } from './shop.ts';

let clock: FakeClock;
beforeEach(() => void (clock = useFakeClock()));
afterEach(() => clock[Symbol.asyncDispose]());

/** A stock, and a client of it that has connected and logs to `log`. */
async function openStock() {
  const { network, identity, stock } = await openShop({ lamp: 3 });
  const log = recordingLogger();
  const orders = network.connect(stockContract, {
    as: 'orders',
    url: stock.url,
    token: await identity.serviceToken('orders'),
    retryPolicy: { attempts: 3, baseMs: 1000, jitter: 0 },
    log,
  });
  // Verifies the token once: that takes real time.
  await orders.count.query({ item: 'lamp' });
  return { stock, orders, log };
}

test('a query comes through when the service is back', async () => {
  const { stock, orders, log } = await openStock();
  stock.reachable = false;
  stock.cut();
  const counting = orders.count.query({ item: 'lamp' });
  await clock.advance(500);
  stock.reachable = true;
  await clock.advance(10_000);
  expect(await counting).toEqual({ left: 3 });
  expect(log.lines).toContainEqual(expect.objectContaining({ level: 'warn' }));
  await orders[Symbol.asyncDispose]();
});

test('a mutation whose answer is lost is in doubt, and is not made again', async () => {
  const { stock, orders } = await openStock();
  stock.loses = 'answers';
  const taking = orders.take.mutate({ item: 'lamp', pieces: 1 }).catch((error: unknown) => error);
  await clock.advance(6000);
  expect(await taking).toBeInstanceOf(InDoubtError);
  stock.loses = undefined;
  const counting = orders.count.query({ item: 'lamp' });
  await clock.advance(10_000);
  expect(await counting).toEqual({ left: 2 });
  await orders[Symbol.asyncDispose]();
});

test('a service that stops answers the calls in progress', async () => {
  const { stock, orders } = await openStock();
  stock.delayMs = 100;
  const counting = orders.count.query({ item: 'lamp' });
  await clock.advance(150);
  const stopped = stock.stop();
  await clock.advance(1000);
  expect(await counting).toEqual({ left: 3 });
  await stopped;
  await orders[Symbol.asyncDispose]();
});
