import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { createTRPCClient, httpBatchLink } from '@trpc/client';
import { request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { connect } from '../../client/index.ts';
import { anyone, contract, query, subscription, type RouterOf } from '../../contract/index.ts';
import { createTestIdentity, recordingLogger, silentLogger } from '../../testing/index.ts';
import { serve, tracked, type RunningService } from '../index.ts';

const clock = contract('clock', {
  wait: query({ summary: 'Waits until told', output: z.object({ done: z.boolean() }), access: anyone }),
  burn: query({ summary: 'Takes the event loop for a moment', output: z.object({}), access: anyone }),
  watch: subscription({
    summary: 'Counts on from the last event',
    input: z.object({ lastEventId: z.string().nullish() }).optional(),
    output: z.object({ n: z.int() }),
    access: anyone,
  }),
});

let service: RunningService;
let log = recordingLogger();
let release = Promise.withResolvers<void>();
let waiting = 0;
let watching = 0;

async function start(port = 0, drainTimeoutMs = 500): Promise<RunningService> {
  const { authenticate } = await createTestIdentity();
  return serve(
    clock,
    {
      wait: async () => {
        waiting += 1;
        await release.promise;
        return { done: true };
      },
      burn: async () => {
        for (const until = performance.now() + 10; performance.now() < until;);
        return {};
      },
      async *watch({ input, signal }) {
        watching += 1;
        const first = Number(input?.lastEventId ?? 0) + 1;
        try {
          yield tracked(String(first), { n: first });
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        } finally {
          watching -= 1;
        }
      },
    },
    {
      version: '1',
      port,
      log,
      authenticate,
      pingDatabase: async () => {},
      drainTimeoutMs,
    },
  );
}

beforeEach(async () => {
  release = Promise.withResolvers();
  waiting = 0;
  log = recordingLogger();
  service = await start();
});
afterEach(() => service.stop());

test('before it is ready a service answers for its health and takes no calls', async () => {
  expect((await request(`${service.url}/livez`)).statusCode).toBe(200);
  expect((await request(`${service.url}/readyz`)).statusCode).toBe(503);
  const refused = await request(`${service.url}/trpc/wait`);
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
  const stock = createTRPCClient<RouterOf<typeof clock>>({
    links: [httpBatchLink({ url: `${service.url}/trpc` })],
  });
  await expect(stock.wait.query()).rejects.toMatchObject({
    message: 'The service is starting',
    data: { code: 'SERVICE_UNAVAILABLE' },
  });
  service.ready();
  expect((await request(`${service.url}/readyz`)).statusCode).toBe(200);
});

test('a stop finishes the call that runs, and takes no new connection', async () => {
  service.ready();
  const call = request(`${service.url}/trpc/wait`);
  await expect.poll(() => waiting).toBe(1);
  const stopped = service.stop();
  const fresh = async () => {
    const { body } = await request(`${service.url}/livez`, { headers: { connection: 'close' } });
    await body.dump();
  };
  await expect.poll(() => fresh().catch((error: NodeJS.ErrnoException) => error.code)).toBe('ECONNREFUSED');
  release.resolve();
  const answer = await call;
  expect(await answer.body.json()).toEqual({ result: { data: { done: true } } });
  await stopped;
});

test('a stop finishes the calls that wait for a turn of the event loop', async () => {
  service.ready();
  await using client = connect(clock, { as: 'anyone', url: service.url, log: silentLogger });
  await client.burn.query();
  const calls = Array.from({ length: 5 }, () => client.burn.query());
  // All of them go out in one message: the first is begun with those that wait behind it.
  await calls[0];
  const stopped = service.stop();
  expect(await Promise.all(calls)).toEqual([{}, {}, {}, {}, {}]);
  await stopped;
});

test('a call that does not end is cut when the time for it is up', async () => {
  service.ready();
  const call = request(`${service.url}/trpc/wait`).catch((error: unknown) => error);
  await expect.poll(() => waiting).toBe(1);
  await service.stop();
  expect(await call).toBeInstanceOf(Error);
});

test('a connection that says nothing does not hold up a stop', async () => {
  // More than this test is given: a stop that waited for the connection would fail it.
  const patient = await start(0, 60_000);
  const socket = connectSocket(patient.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const closed = once(socket, 'close');
  await patient.stop();
  expect(await closed).toEqual([false]);
});

test('a subscription goes on at the next process where it was', async () => {
  service.ready();
  await using client = connect(clock, { as: 'anyone', url: service.url, log: silentLogger });
  const seen: unknown[] = [];
  const ended = Promise.withResolvers<void>();
  const watch = client.watch.subscribe(undefined, {
    onData: (event) => seen.push(event),
    onComplete: ended.resolve,
  });
  await expect.poll(() => seen).toEqual([{ id: '1', data: { n: 1 } }]);
  const { port } = service;
  await service.stop();
  expect(watching).toBe(0);
  // The end of a subscription that goes on elsewhere is no fault.
  expect(log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  service = await start(port);
  service.ready();
  await expect.poll(() => seen.at(-1)).toEqual({ id: '2', data: { n: 2 } });
  watch.unsubscribe();
  await expect.poll(() => watching).toBe(0);
});
