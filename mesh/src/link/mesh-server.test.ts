import { createTRPCClient, type TRPCClientError } from '@trpc/client';
import { expect, test } from 'vitest';
import type { RouterOf } from '../contract/index.ts';
import type { RunningService } from '../server/index.ts';
import { ShopSuite } from '../testing/shop-suite.ts';
import type { shop } from '../testing/shop.ts';
import { silentLogger } from '../testing/index.ts';
import { exposition, InDoubtError, meshLink } from './index.ts';

// A service of the mesh: the same link uses its WebSocket.

const suite = new ShopSuite();
type Shop = RouterOf<typeof shop>;

let links = 0;

async function clientTo(services: RunningService[]) {
  const token = await suite.identity.serviceToken('till');
  const name = `shop-${(links += 1)}`;
  const link = meshLink<Shop>({
    url: services.map(({ url }) => `${url}/trpc`),
    name,
    as: 'till',
    token,
    log: silentLogger,
  });
  suite.cleanups.push(() => link[Symbol.asyncDispose]());
  const client = createTRPCClient<Shop>({ links: [link] });
  /** Answered attempts over a transport. */
  const answersOver = async (transport: string): Promise<number> => {
    const { text } = await exposition();
    const lines = text
      .split('\n')
      .filter(
        (line) =>
          line.startsWith('mesh_client_attempts_total{') &&
          line.includes(`"${name}"`) &&
          line.includes(`"${transport}"`),
      );
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  return { client, link, answersOver };
}

test('calls go over the WebSocket, with the token of the link and headers of each call', async () => {
  const { client, answersOver } = await clientTo([suite.service]);
  // On a busy machine the first calls are not kept waiting for the upgrade.
  await expect
    .poll(async () => {
      await client.items.get.query({ id: 1 });
      return answersOver('websocket');
    })
    .toBeGreaterThan(0);
  const before = [await answersOver('websocket'), await answersOver('http')] as const;
  expect(await client.stock.take.mutate()).toEqual({ by: 'till' });
  expect(await client.items.get.query({ id: 7 })).toEqual({ id: 7, name: 'item 7' });
  const userToken = await suite.identity.userToken({ name: 'Ann' });
  expect(await client.stock.takeFor.mutate(undefined, { context: { userToken } })).toEqual({
    by: 'till for Ann',
  });
  const failed = await client.items.get.query({ id: 101 }).catch((error: TRPCClientError<Shop>) => error);
  expect(failed).toMatchObject({
    name: 'TRPCClientError',
    data: {
      code: 'NOT_FOUND',
      error: { name: 'ITEM_NOT_FOUND', data: { id: 101 } },
      requestId: expect.any(String),
    },
  });
  expect([await answersOver('websocket'), await answersOver('http')]).toEqual([before[0] + 4, before[1]]);
});

test('a service that stops: no call fails, mutations too', async () => {
  const services = [suite.service, await suite.start(), await suite.start()];
  const { client } = await clientTo(services);
  const stopped = new AbortController();
  let made = 0;
  const caller = async () => {
    for (; !stopped.signal.aborted; made += 1) await client.stock.take.mutate();
  };
  const callers = Promise.all(Array.from({ length: 4 }, caller));
  await client.stock.brief.mutate();
  await services[0]?.stop();
  await services[1]?.stop();
  stopped.abort();
  await callers;
  expect(made).toBeGreaterThan(4);
});

test('a mutation that was started when the connection was lost is in doubt', async () => {
  const { client, link } = await clientTo([suite.service]);
  await client.items.get.query({ id: 1 });
  const call = client.stock.hang.mutate().catch((error: unknown) => error);
  await expect.poll(() => suite.state.hung.length).toBe(1);
  await link[Symbol.asyncDispose]();
  const error = await call;
  expect(error).toBeInstanceOf(InDoubtError);
  expect(error).toMatchObject({ data: { code: 'CLIENT_CLOSED_REQUEST', inDoubt: true } });
});

test('subscriptions', async () => {
  const { client } = await clientTo([suite.service]);
  const seen: number[] = [];
  for await (const { data } of client.ticks.watch.subscribe()) if (seen.push(data.n) === 3) break;
  expect(seen).toEqual([1, 2, 3]);
});
