import { getEventListeners } from 'node:events';
import { getUntypedClient } from '@trpc/client';
import { expect, test } from 'vitest';
import type { RouterOf } from '../contract/index.ts';
import { ShopSuite } from '../testing/shop-suite.ts';
import type { shop } from '../testing/shop.ts';
import { silentLogger } from '../testing/index.ts';
import { connectRouter, InDoubtError, type RouterClient } from './index.ts';

// What answers.test.ts does not compare with tRPC's links.

const suite = new ShopSuite();
type Shop = RouterOf<typeof shop>;

async function connect(): Promise<RouterClient<Shop>> {
  const token = await suite.identity.serviceToken('till');
  return connectRouter<Shop>({ url: `${suite.service.url}/trpc`, as: 'till', token, log: silentLogger });
}

test('token, headers and context of a call', async () => {
  await using client = await connect();
  const userToken = await suite.identity.userToken({ name: 'Ann' });
  expect(await client.stock.takeFor.mutate(undefined, { context: { userToken } })).toEqual({
    by: 'till for Ann',
  });
  const wrong = client.stock.take.mutate(undefined, { context: { timeoutMs: -1 } });
  await expect(wrong).rejects.toMatchObject({
    name: 'TRPCClientError',
    message: expect.stringContaining('context.timeoutMs must be'),
    data: { code: 'BAD_REQUEST' },
  });
});

test('an aborted call ends at once, with the reason of the signal as its cause, and leaves no listener', async () => {
  await using client = await connect();
  const stop = new AbortController();
  const call = client.stock.hang.mutate(undefined, { signal: stop.signal }).catch((error: unknown) => error);
  await expect.poll(() => suite.state.hung.length).toBe(1);
  const reason = new Error('enough');
  stop.abort(reason);
  expect(await call).toMatchObject({ cause: reason });
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  await expect(client.items.get.query({ id: 1 }, { signal: stop.signal })).rejects.toMatchObject({
    cause: reason,
  });
});

test('a mutation is in doubt when the client is closed', async () => {
  const client = await connect();
  const before = suite.state.hung.length;
  const call = client.stock.hang.mutate().catch((error: unknown) => error);
  await expect.poll(() => suite.state.hung.length).toBe(before + 1);
  await client[Symbol.asyncDispose]();
  expect(await call).toBeInstanceOf(InDoubtError);
});

test('subscriptions, and the client by path that libraries use', async () => {
  await using client = await connect();
  const seen: number[] = [];
  for await (const { data } of client.ticks.watch.subscribe()) if (seen.push(data.n) === 3) break;
  expect(seen).toEqual([1, 2, 3]);
  expect(await getUntypedClient(client).query('items.get', { id: 7 })).toEqual({ id: 7, name: 'item 7' });
});
