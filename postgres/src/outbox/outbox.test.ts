import { setTimeout as delay } from 'node:timers/promises';
import { recordingLogger } from '@arcadium/mesh/testing';
import { exposition } from '@arcadium/mesh/telemetry';
import type { PoolClient } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';

import { openShop, type Shop } from '../sql/testing/shop.ts';
import { findFreePort } from '../testing/free-port.ts';
import { Outbox, UndeliverableError, type RunningRelay, type StartRelayOptions } from './index.ts';

const topics = {
  'order.created': z.object({ number: z.number(), at: z.date().optional() }),
  ping: z.string(),
};
type Options = StartRelayOptions<typeof topics>;
type Message = Parameters<Options['deliver']>[0];

let shop: Shop;
let outbox: Outbox<typeof topics, PoolClient>;
const relays: RunningRelay[] = [];
const log = recordingLogger();

beforeAll(async () => {
  shop = await openShop();
  outbox = new Outbox({ service: 'shop', database: shop.database, topics });
});
afterAll(() => shop?.close());
beforeEach(async () => {
  log.lines.length = 0;
  await shop.empty();
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
});

/** A relay that polls so seldom that only the notification of a commit wakes it. */
function startRelay(deliver: Options['deliver'], options: Partial<Options> = {}): RunningRelay {
  const relay = outbox.startRelay({ deliver, databaseUrl: shop.url, pollMs: 60_000, log, ...options });
  relays.push(relay);
  return relay;
}

const publish = (message: Parameters<typeof outbox.publish>[1]) =>
  shop.database.transaction((client) => outbox.publish(client, message));
const order = (number: number, orderingKey?: string) =>
  publish({ topic: 'order.created', payload: { number }, orderingKey });
const drained = () => vi.waitFor(async () => expect((await shop.counts()).messages).toBe(0));

test('a message is delivered once for each commit, as it was published, and never after a rollback', async () => {
  const delivered: Message[] = [];
  const deliver = async (message: Message) => void delivered.push(message);
  startRelay(deliver);
  startRelay(deliver);
  const at = new Date();
  const keys = await Promise.all([
    publish({ topic: 'order.created', payload: { number: 1, at }, orderingKey: 'ann' }),
    publish({ topic: 'ping', payload: 'a \u0000 "text"' }),
  ]);
  const rolledBack = shop.database.transaction(async (client) => {
    await outbox.publish(client, { topic: 'ping', payload: 'never' });
    throw new Error('no');
  });
  await expect(rolledBack).rejects.toThrow('no');
  await drained();
  expect(delivered).toHaveLength(2);
  expect(delivered).toContainEqual({
    key: keys[0],
    topic: 'order.created',
    payload: { number: 1, at: at.toISOString() },
    orderingKey: 'ann',
  });
  expect(delivered).toContainEqual({
    key: keys[1],
    topic: 'ping',
    payload: 'a \u0000 "text"',
    orderingKey: keys[1]?.replace('shop:', ''),
  });
});

test('messages with one ordering key stay in order past a failure, and delay no others', async () => {
  const delivered: string[] = [];
  let failures = 2;
  startRelay(
    async ({ topic, payload, orderingKey }) => {
      if (topic !== 'order.created') return;
      if (orderingKey === 'ann' && payload.number === 1 && failures > 0) {
        failures -= 1;
        throw new Error('not yet');
      }
      delivered.push(`${orderingKey} ${payload.number}`);
    },
    { backoff: { baseMs: 20, maxMs: 20 } },
  );
  await shop.database.transaction(async (client) => {
    for (const [name, count] of [
      ['ann', 3],
      ['bob', 2],
    ] as const)
      for (let n = 1; n <= count; n += 1)
        await outbox.publish(client, { topic: 'order.created', payload: { number: n }, orderingKey: name });
  });
  await drained();
  expect(delivered.filter((one) => one.startsWith('ann'))).toEqual(['ann 1', 'ann 2', 'ann 3']);
  expect(delivered.indexOf('bob 1')).toBeLessThan(delivered.indexOf('ann 1'));
  expect(log.lines).toContainEqual(
    expect.objectContaining({
      message: 'an outbox message could not be delivered, trying again',
      fields: expect.objectContaining({ ordering_key: 'ann', error: 'INTERNAL_SERVER_ERROR: not yet' }),
    }),
  );
});

test('what is refused is given up at once, what fails too often later; both can be listed, retried and dropped', async () => {
  let mended = false;
  startRelay(
    async ({ payload }) => {
      if (mended) return;
      throw typeof payload === 'string' ? new UndeliverableError('no such address') : new Error('broken');
    },
    { maxFailures: 2, backoff: { baseMs: 5, maxMs: 5 } },
  );
  await publish({ topic: 'ping', payload: 'x', orderingKey: 'gone' });
  await order(1, 'broken');
  const list = async () => (await outbox.givenUp.list({ input: { limit: 10 }, log })).items;
  await vi.waitFor(async () => expect(await list()).toHaveLength(2));
  const items = await list();
  expect(items).toContainEqual(
    expect.objectContaining({
      orderingKey: 'gone',
      topic: 'ping',
      error: 'UNPROCESSABLE_CONTENT: no such address',
    }),
  );
  expect(items).toContainEqual(expect.objectContaining({ orderingKey: 'broken', failures: 2 }));
  expect((await exposition()).text).toContain(
    'outbox_given_up_total{service="shop",topic="ping",reason="refused"} 1',
  );
  mended = true;
  const ids = (orderingKey: string) =>
    items.filter((one) => one.orderingKey === orderingKey).map(({ id }) => id);
  expect(await outbox.givenUp.drop({ input: { ids: ids('gone') }, log })).toEqual({ changed: 1 });
  expect(await outbox.givenUp.retry({ input: { ids: ids('broken') }, log })).toEqual({ changed: 1 });
  // A retry notifies no relay; this does.
  await order(2);
  await drained();
});

test('a delivery that takes longer than a later one is not made again', async () => {
  const delivered: string[] = [];
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  startRelay(async ({ orderingKey }) => {
    delivered.push(orderingKey);
    if (orderingKey !== 'slow') return;
    begun.resolve();
    await gate.promise;
  });
  await order(1, 'slow');
  await begun.promise;
  // After a second, a call of a batch would be taken for one that hangs.
  await delay(1050);
  await order(2, 'fast');
  await vi.waitFor(async () => expect((await shop.counts()).messages).toBe(1));
  gate.resolve();
  await drained();
  expect(delivered).toEqual(['slow', 'fast']);
});

test('while the receiver cannot be reached, no message counts a failure', async () => {
  let away = true;
  const port = await findFreePort();
  startRelay(
    async () => {
      if (away) await fetch(`http://127.0.0.1:${port}/`);
    },
    { maxFailures: 1, backoff: { baseMs: 10, maxMs: 10 } },
  );
  await order(1);
  await vi.waitFor(() =>
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        fields: expect.objectContaining({ error: 'SERVICE_UNAVAILABLE: fetch failed' }),
      }),
    ),
  );
  away = false;
  await drained();
});

test('stop waits for the delivery in progress, which is then done; a longer one is aborted and stays', async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  const gate = Promise.withResolvers<void>();
  const relay = startRelay(async (_message, signal) => {
    begun.resolve(signal);
    await gate.promise;
  });
  await order(1);
  const signal = await begun.promise;
  const stopped = relay.stop();
  expect(signal.aborted).toBe(false);
  gate.resolve();
  await stopped;
  expect((await shop.counts()).messages).toBe(0);

  const again = Promise.withResolvers<void>();
  const hanging = startRelay(
    () => {
      again.resolve();
      return new Promise(() => {}); // heeds no signal
    },
    { drainMs: 10 },
  );
  await order(2);
  await again.promise;
  await hanging.stop();
  expect((await shop.counts()).messages).toBe(1);
});

test('a topic, a payload or an ordering key that is wrong is refused before anything is written', async () => {
  const wrong = (message: object) => publish(message as Parameters<typeof outbox.publish>[1]);
  await expect(wrong({ topic: 'pong', payload: 'x' })).rejects.toThrow('Unknown topic "pong"');
  await expect(wrong({ topic: 'ping', payload: 1 })).rejects.toBeInstanceOf(z.ZodError);
  await expect(wrong({ topic: 'ping', payload: 'x'.repeat(1_048_576) })).rejects.toThrow(TypeError);
  await expect(wrong({ topic: 'ping', payload: 'x', orderingKey: '' })).rejects.toThrow(TypeError);
  await expect(wrong({ topic: 'ping', payload: 'x', orderingKey: 'a\0' })).rejects.toThrow(TypeError);
  expect((await shop.counts()).messages).toBe(0);
  await publish({ topic: 'ping', payload: 'x', orderingKey: 'ä\n'.repeat(127) });
  expect((await shop.counts()).messages).toBe(1);
});
