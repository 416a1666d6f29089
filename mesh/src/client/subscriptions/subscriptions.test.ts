import { EventEmitter, on, once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { actingFor, anyone, contract, services, subscription, user } from '../../contract/index.ts';
import { defaultRetryPolicy } from '../../resilience/index.ts';
import { serve, tracked, type RunningService } from '../../server/index.ts';
import { createTestIdentity, recordingLogger, type TestIdentity } from '../../testing/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import { connect } from '../index.ts';
import { waitAfter } from './reconnection.ts';
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
// The service notices a little later that somebody has left.
afterEach(() => vi.waitUntil(() => events.listenerCount('tick') === 0, { timeout: 5000 }));
afterAll(() => service.stop());

async function open(token: string, options: { url?: string; token?: () => string; log?: Logger } = {}) {
  const till = connect(feed, {
    as: 'till',
    url: service.url,
    token: await identity.serviceToken('till'),
    log,
    ...options,
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
  const client = createSubscriptionClient(
    {
      authorization: () => `Service-Token ${token}`,
      fetch,
      basePath: '/trpc',
      target: 'feed',
      as: 'till',
      retryPolicy: defaultRetryPolicy,
      timeoutMs: 5000,
      log,
      skew: undefined,
    },
    () => endpoint,
  );
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

/** A load balancer before the service: answers for itself, in the order given, and passes on what comes after that. */
async function balance(
  ...answers: (readonly [status: number, headers?: Record<string, string>] | 'silence')[]
) {
  const asked: number[] = [];
  const held: ServerResponse[] = [];
  const passOn = (incoming: IncomingMessage, response: ServerResponse): void => {
    const { headers, url = '' } = incoming;
    const outgoing = request(new URL(url, service.url), { headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.on('error', () => response.destroy()).pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    outgoing.end();
  };
  const balancer = createServer((incoming, response) => {
    asked.push(performance.now());
    const answer = answers.shift();
    if (answer === 'silence') held.push(response);
    else if (answer) response.writeHead(...answer).end('<html>');
    else passOn(incoming, response);
  });
  balancer.listen(0, '127.0.0.1');
  await once(balancer, 'listening');
  return {
    url: `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`,
    asked,
    /** So many more answers of its own; streams are cut off. */
    fail(...more: typeof answers) {
      answers.push(...more);
      balancer.closeAllConnections();
    },
    [Symbol.dispose]() {
      balancer.closeAllConnections();
      balancer.close();
    },
  };
}

test.each([
  ['answers 503', [503]],
  ['answers 429', [429]],
  ['does not answer', 'silence'],
] as const)(
  'the first connection is made again where the server %s',
  async (_, answer) => {
    using balancer = await balance(answer);
    const own = recordingLogger();
    const { till, seen, failed } = await open(await identity.userToken({ name: 'Ann' }), {
      url: balancer.url,
      log: own,
    });
    await expect.poll(() => events.listenerCount('tick'), { timeout: 9000 }).toBe(1);
    events.emit('tick', 1);
    await expect.poll(() => seen.length).toBe(1);
    expect(failed).toEqual([]);
    expect(own.lines).toMatchObject([
      {
        level: 'warn',
        message: 'a subscription to feed failed; reconnecting until it is back',
        fields: { endpoint: `${balancer.url}/trpc/watch`, context: { target: 'feed', procedure: 'watch' } },
      },
      { level: 'info', message: 'a subscription to feed is back', fields: { target: 'feed' } },
    ]);
    await till[Symbol.asyncDispose]();
  },
  15_000,
);

test('one that is lost waits longer after each failure, and asks for a token each time', async () => {
  using balancer = await balance();
  const own = recordingLogger();
  const token = await identity.serviceToken('till');
  let tokens = 0;
  const { till, seen, failed } = await open(await identity.userToken({ name: 'Ann' }), {
    url: balancer.url,
    log: own,
    token: () => {
      tokens += 1;
      return token;
    },
  });
  await expect.poll(() => events.listenerCount('tick')).toBe(1);
  // The client knows that it has begun: lost before that, it would have failed once more.
  events.emit('tick', 4);
  await expect.poll(() => seen.length).toBe(1);
  balancer.fail([502], [500]);
  await expect.poll(() => balancer.asked.length, { timeout: 10_000 }).toBe(4);
  await expect.poll(() => events.listenerCount('tick')).toBe(1);
  const [, second = 0, third = 0, fourth = 0] = balancer.asked;
  expect([Math.round((third - second) / 1000), Math.round((fourth - third) / 1000)]).toEqual([1, 2]);
  events.emit('tick', 5);
  await expect.poll(() => seen.length).toBe(2);
  expect(tokens).toBe(4);
  expect(failed).toEqual([]);
  expect(own.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  await till[Symbol.asyncDispose]();
}, 15_000);

test('obeys Retry-After', async () => {
  using balancer = await balance([503, { 'retry-after': '2' }]);
  const { till } = await open(await identity.userToken({ name: 'Ann' }), { url: balancer.url });
  await expect.poll(() => balancer.asked.length, { timeout: 5000 }).toBe(2);
  const [first = 0, second = 0] = balancer.asked;
  expect(second - first).toBeGreaterThanOrEqual(1990);
  await till[Symbol.asyncDispose]();
});

test.each([401, 403, 404, 410])('HTTP %d ends it with its error', async (status) => {
  using balancer = await balance([status]);
  const { till, failed } = await open(await identity.userToken({ name: 'Ann' }), { url: balancer.url });
  await expect.poll(() => failed.length).toBe(1);
  expect(String(failed[0])).toContain(String(status));
  expect(balancer.asked).toHaveLength(1);
  await till[Symbol.asyncDispose]();
});

test.each(['unsubscribe', 'close'] as const)('%s ends the waiting for another try', async (how) => {
  using balancer = await balance([503]);
  const { till, watch, failed } = await open(await identity.userToken({ name: 'Ann' }), {
    url: balancer.url,
  });
  await expect.poll(() => balancer.asked.length).toBe(1);
  await delay(50);
  if (how === 'unsubscribe') watch.unsubscribe();
  await till[Symbol.asyncDispose]();
  await delay(1400);
  expect(balancer.asked).toHaveLength(1);
  expect(failed).toEqual([]);
});

test('the waits double from a second to half a minute, by chance a fifth more or less', () => {
  const even = { askedMs: 0, chance: 0.5 };
  expect([0, 1, 2, 3, 4, 5, 6, 60].map((failures) => waitAfter(failures, defaultRetryPolicy, even))).toEqual([
    1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
  ]);
  expect([0, 1].map((chance) => waitAfter(0, defaultRetryPolicy, { askedMs: 0, chance }))).toEqual([
    800, 1200,
  ]);
  expect([0, 1].map((chance) => waitAfter(0, defaultRetryPolicy, { askedMs: 10_000, chance }))).toEqual([
    10_000, 12_000,
  ]);
});

test('one without an input is resumed too: tRPC sends the id of the last event as its input', async () => {
  const clock = contract('clock', {
    tick: subscription({ summary: 'Ticks', output: z.object({ n: z.int() }), access: anyone }),
  });
  const startClock = async (port: number) => {
    const handlers = {
      async *tick({ signal }: { signal: AbortSignal | undefined }) {
        yield tracked('1', { n: port });
        await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      },
    };
    const { authenticate } = identity;
    const started = await serve(clock, handlers, { version: '1', port, log, authenticate });
    started.ready();
    return started;
  };
  const first = await startClock(0);
  await using client = connect(clock, { as: 'anyone', url: first.url, log });
  const seen: unknown[] = [];
  client.tick.subscribe(undefined, {
    onData: ({ id }) => seen.push(id),
    onError: (error) => seen.push(error),
  });
  await expect.poll(() => seen).toEqual(['1']);
  await first.stop();
  const second = await startClock(first.port);
  await expect.poll(() => seen, { timeout: 20_000 }).toEqual(['1', '1']);
  await client[Symbol.asyncDispose]();
  await second.stop();
});
