import { EventEmitter, on } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { actingFor, contract, services, subscription, user } from '../contract/index.ts';
import { serve, tracked, type RunningService } from '../server/index.ts';
import { createTestIdentity, recordingLogger, type TestIdentity } from '../testing/index.ts';
import { connect } from './index.ts';
import { createSubscriptionClient } from './subscriptions.ts';

const feed = contract('feed', {
  watch: subscription({
    summary: 'What happens',
    input: z.object({ lastEventId: z.string().nullish() }).optional(),
    output: z.object({ n: z.int(), for: z.string() }),
    access: actingFor(services('till'), user),
  }),
});

const events = new EventEmitter();
const log = recordingLogger();
let identity: TestIdentity;
let service: RunningService;

const start = async (): Promise<RunningService> => {
  const started = await serve(
    feed,
    {
      async *watch({ caller, signal }) {
        // Throws AbortError when its signal fires, as most of what waits does.
        for await (const [n] of on(events, 'tick', { signal })) {
          yield tracked(String(n), { n, for: `${caller.service.name} for ${caller.user.name}` });
        }
      },
    },
    { version: '1', port: 0, log, authenticate: identity.authenticate, pingDatabase: async () => {} },
  );
  started.ready();
  return started;
};

beforeAll(async () => {
  identity = await createTestIdentity();
  service = await start();
});
afterAll(() => service.stop());

async function open(token: string) {
  const till = connect(feed, {
    as: 'till',
    url: service.url,
    token: await identity.serviceToken('till'),
    log,
  });
  const seen: unknown[] = [];
  const failed: unknown[] = [];
  const watch = till.watch.subscribe(undefined, {
    onData: (event) => seen.push(event),
    onError: (error) => failed.push(error),
    context: { userToken: token },
  });
  return { till, watch, seen, failed };
}

test('a service watches for a user, and leaves without a fault on the other side', async () => {
  const { till, watch, seen } = await open(await identity.userToken({ name: 'Ann' }));
  await expect.poll(() => events.listenerCount('tick')).toBe(1);
  events.emit('tick', 1);
  await expect.poll(() => seen).toEqual([{ id: '1', data: { n: 1, for: 'till for Ann' } }]);
  watch.unsubscribe();
  await expect.poll(() => events.listenerCount('tick')).toBe(0);
  expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  await till[Symbol.asyncDispose]();
});

test('closing the client ends what it watches', async () => {
  const { till } = await open(await identity.userToken());
  await expect.poll(() => events.listenerCount('tick')).toBe(1);
  await till[Symbol.asyncDispose]();
  await expect.poll(() => events.listenerCount('tick')).toBe(0);
});

test('a token that expires ends it', async () => {
  // Issued so long ago that it has two seconds left.
  const issued = new Date(Date.now() - 15 * 60_000 + 2000);
  const { seen, failed } = await open(await identity.userToken({ name: 'Ann' }, issued));
  await expect.poll(() => events.listenerCount('tick')).toBe(1);
  events.emit('tick', 1);
  await expect.poll(() => seen.length).toBe(1);
  await expect.poll(() => failed, { timeout: 10_000 }).toMatchObject([{ data: { code: 'UNAUTHORIZED' } }]);
  expect(events.listenerCount('tick')).toBe(0);
});

test('a bad token ends it, once', async () => {
  const { failed } = await open('nonsense');
  await expect.poll(() => failed.length).toBe(1);
  expect(events.listenerCount('tick')).toBe(0);
});

test('one that is lost goes to where the service is then', async () => {
  const [former, present] = [await start(), await start()];
  const token = await identity.serviceToken('till');
  const userToken = await identity.userToken({ name: 'Ann' });
  let endpoint = former.url;
  const client = createSubscriptionClient({ authorization: () => `Service-Token ${token}` }, () => endpoint);
  const seen: unknown[] = [];
  const watch = client.subscription('watch', undefined, {
    onData: (event) => seen.push(event),
    context: { userToken },
  });
  await expect.poll(() => events.listenerCount('tick')).toBe(1);
  endpoint = present.url;
  await former.stop();
  await expect.poll(() => events.listenerCount('tick'), { timeout: 10_000 }).toBe(1);
  events.emit('tick', 7);
  await expect.poll(() => seen).toEqual([{ id: '7', data: { n: 7, for: 'till for Ann' } }]);
  watch.unsubscribe();
  await present.stop();
});
