import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { anyone, contract, mutation, query } from '../../contract/index.ts';
import { createTestIdentity, recordingLogger } from '../../testing/index.ts';
import { serve, type RunningService } from '../index.ts';
import { headerOf } from '../testing/raw-answers.ts';
import { KeptConnection } from '../testing/kept-connection.ts';

const clock = contract('clock', {
  now: query({ summary: 'Answers at once', output: z.object({ n: z.int() }), access: anyone }),
  wait: query({ summary: 'Waits until told', output: z.object({ done: z.boolean() }), access: anyone }),
  note: mutation({
    summary: 'Takes a text',
    input: z.object({ text: z.string() }),
    output: z.object({ length: z.int() }),
    access: anyone,
  }),
});

const connections = 20;

let release = Promise.withResolvers<void>();
let calls = 0;
let log = recordingLogger();
let service: RunningService;

async function start(drainDelayMs = 0): Promise<RunningService> {
  const { authenticate } = await createTestIdentity();
  const started = await serve(
    clock,
    {
      now: async () => ({ n: (calls += 1) }),
      wait: async () => {
        calls += 1;
        await release.promise;
        return { done: true };
      },
      note: async ({ input }) => {
        calls += 1;
        return { length: input.text.length };
      },
    },
    { version: '1', port: 0, log, authenticate, pingDatabase: async () => {}, drainDelayMs },
  );
  started.ready();
  return started;
}

function open(count: number): Promise<KeptConnection[]> {
  return Promise.all(Array.from({ length: count }, () => KeptConnection.open(service.port)));
}

beforeEach(async () => {
  release = Promise.withResolvers();
  calls = 0;
  log = recordingLogger();
  service = await start();
});
afterEach(() => service.stop());

describe('a stop loses no request that was sent', () => {
  test('on kept connections, at the moment of the stop', async () => {
    const kept = await open(connections);
    await Promise.all(kept.map((one) => one.ask('/trpc/now')));
    for (const one of kept) one.get('/trpc/now');
    await service.stop();
    expect(await Promise.all(kept.map((one) => one.ended))).toEqual(Array(connections).fill('end'));
    for (const one of kept) {
      expect(one.answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(one.saysOf).toEqual(['keep-alive', 'close']);
    }
  });

  test('on kept connections, within 0.5 s after it', async () => {
    const kept = await open(connections);
    await Promise.all(kept.map((one) => one.ask('/trpc/now')));
    const stopped = service.stop();
    await Promise.all(
      kept.map(async (one, n) => {
        await delay((n * 400) / connections);
        expect((await one.ask('/readyz'))?.status).toBe(503);
        expect(one.saysOf.at(-1)).toBe('close');
        expect(await one.ended).toBe('end');
      }),
    );
    await stopped;
  });

  test('on connections that ask again and again', async () => {
    const kept = await open(connections);
    const asked = kept.map(async (one) => {
      let sent = 0;
      while (!one.saysOf.includes('close')) {
        sent += 1;
        await one.ask('/trpc/now');
        await delay(5);
      }
      return sent;
    });
    await expect.poll(() => calls).toBeGreaterThan(connections * 5);
    await service.stop();
    const sent = await Promise.all(asked);
    expect(kept.map(({ answers }) => answers.length)).toEqual(sent);
    expect(await Promise.all(kept.map((one) => one.ended))).toEqual(Array(connections).fill('end'));
  });

  test('on connections that were just opened', async () => {
    const opened = await open(connections);
    const stopped = service.stop();
    const answers = await Promise.all(opened.map((one) => one.ask('/trpc/now')));
    expect(answers.map((answer) => answer?.status)).toEqual(Array(connections).fill(200));
    await stopped;
  });

  test('behind another one on the same connection: the last answer says that it closes', async () => {
    const [one] = (await open(1)) as [KeptConnection];
    one.get('/trpc/wait');
    await expect.poll(() => calls).toBe(1);
    const stopped = service.stop();
    await delay(50);
    one.get('/trpc/now');
    await expect.poll(() => calls).toBe(2);
    release.resolve();
    expect(await one.ended).toBe('end');
    expect(one.saysOf).toEqual(['keep-alive', 'close']);
    await stopped;
  });

  test('whose body is still on its way', async () => {
    const [one] = (await open(1)) as [KeptConnection];
    const body = JSON.stringify({ text: 'x'.repeat(200_000) });
    one.socket.write(
      `POST /trpc/note HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    one.socket.write(body.slice(0, 100));
    await delay(50);
    const stopped = service.stop();
    await delay(700);
    one.socket.write(body.slice(100));
    expect(await one.ended).toBe('end');
    expect(one.answers).toMatchObject([{ status: 200, body: '{"result":{"data":{"length":200000}}}' }]);
    await stopped;
  });

  test('and answers one that is refused before its body was read, without a reset', async () => {
    const length = 3 * 1024 * 1024;
    // It reads when it has sent all, as simple clients do.
    const socket = connect({ port: service.port, host: '127.0.0.1', allowHalfOpen: true }).pause();
    await once(socket, 'connect');
    const stopped = service.stop();
    socket.write(
      `POST /trpc/note HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`,
    );
    for (let sent = 0; sent < length; sent += 64 * 1024) {
      socket.write(Buffer.alloc(64 * 1024, 'x'));
      await delay(1);
    }
    socket.end();
    expect(await text(socket)).toContain('HTTP/1.1 413');
    await stopped;
  });
});

test('a connection that is kept and silent is ended after 0.5 s, not reset', async () => {
  const kept = await open(2);
  await kept[0]?.ask('/trpc/now');
  const startedAt = performance.now();
  await service.stop();
  const took = performance.now() - startedAt;
  expect(await Promise.all(kept.map((one) => one.ended))).toEqual(['end', 'end']);
  expect(took).toBeGreaterThan(490);
  expect(took).toBeLessThan(5000);
});

test('without a kept connection a stop does not wait', async () => {
  const startedAt = performance.now();
  await service.stop();
  expect(performance.now() - startedAt).toBeLessThan(400);
});

describe('for the drain delay', () => {
  const delayMs = 1500;
  beforeEach(async () => {
    await service.stop();
    service = await start(delayMs);
  });

  test('it is not ready, and takes calls on new and kept connections', async () => {
    const [kept] = (await open(1)) as [KeptConnection];
    await kept.ask('/trpc/now');
    const startedAt = performance.now();
    const stopped = service.stop();
    const [fresh] = (await open(1)) as [KeptConnection];
    const ready = await fresh.ask('/readyz');
    expect([ready?.status, ready?.body]).toEqual([503, expect.stringContaining('"reason":"draining"')]);
    for (const one of [kept, fresh]) expect((await one.ask('/trpc/now'))?.status).toBe(200);
    expect([...kept.saysOf, ...fresh.saysOf]).not.toContain('close');
    // Then it answers what was sent, and no new connection.
    const closed = async () => (await KeptConnection.open(service.port).catch(() => undefined)) === undefined;
    await expect.poll(closed, { interval: 100 }).toBe(true);
    expect(performance.now() - startedAt).toBeGreaterThan(delayMs);
    const last = await fresh.ask('/trpc/now');
    expect([last?.status, last && headerOf(last, 'connection')]).toEqual([200, 'close']);
    await stopped;
    expect(log.lines.map(({ message }) => message)).toContain(
      'clock is stopping: not ready, but still accepting calls',
    );
  });

  test('it opens WebSockets, and asks them to go elsewhere afterwards', async () => {
    const startedAt = performance.now();
    const stopped = service.stop();
    const socket = new WebSocket(`ws://127.0.0.1:${service.port}/trpc`);
    const movedAfter = Promise.withResolvers<number>();
    const messages: string[] = [];
    socket.on('message', (data: Buffer) => {
      const message = data.toString();
      messages.push(message);
      if (message.includes('reconnect')) movedAfter.resolve(performance.now() - startedAt);
    });
    socket.on('open', () => socket.send('{"id":1,"method":"query","params":{"path":"now"}}'));
    await expect.poll(() => messages[0]).toContain('"data":{"n":1}');
    expect(await movedAfter.promise).toBeGreaterThan(delayMs - 1);
    await stopped;
  });

  test('it does not wait where it has not become ready', async () => {
    const { authenticate } = await createTestIdentity();
    const handlers = {
      now: async () => ({ n: 1 }),
      wait: async () => ({ done: true }),
      note: async () => ({ length: 1 }),
    };
    const starting = await serve(clock, handlers, {
      version: '1',
      port: 0,
      log,
      authenticate,
      pingDatabase: async () => {},
      drainDelayMs: 60_000,
    });
    const startedAt = performance.now();
    await starting.stop();
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
