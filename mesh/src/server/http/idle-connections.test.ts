import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { anyone, contract, query } from '../../contract/index.ts';
import { createTestIdentity, silentLogger } from '../../testing/index.ts';
import { serve, type RunningService } from '../index.ts';
import { KeptConnection } from '../testing/kept-connection.ts';

// A browser and a pool open connections before they have something to ask (RFC 9112 §9.5 leaves the time to the server).

const clock = contract('clock', {
  now: query({ summary: 'Answers', output: z.object({ n: z.int() }), access: anyone }),
});

/** Longer than a request's headers may take, which is 10 s. */
const keepAliveTimeoutMs = 13_000;

let service: RunningService;
beforeAll(async () => {
  const { authenticate } = await createTestIdentity();
  service = await serve(
    clock,
    { now: async () => ({ n: 1 }) },
    {
      version: '1',
      port: 0,
      log: silentLogger,
      authenticate,
      pingDatabase: async () => {},
      keepAliveTimeoutMs,
    },
  );
  service.ready();
});
afterAll(() => service.stop());

test.concurrent('a connection may wait with its first request for longer than its headers may take', async () => {
  const connection = await KeptConnection.open(service.port);
  await delay(11_500);
  expect((await connection.ask('/trpc/now'))?.status).toBe(200);
  // As after any other request.
  await delay(500);
  expect((await connection.ask('/livez'))?.status).toBe(200);
  expect(connection.answers).toHaveLength(2);
  connection.socket.destroy();
});

test.concurrent('one that asks nothing for as long as a connection is kept is ended, without an answer', async () => {
  const startedAt = performance.now();
  const connection = await KeptConnection.open(service.port);
  expect(await connection.ended).toBe('end');
  const tookMs = performance.now() - startedAt;
  expect(connection.answers).toEqual([]);
  expect(tookMs).toBeGreaterThan(keepAliveTimeoutMs - 500);
  expect(tookMs).toBeLessThan(keepAliveTimeoutMs + 10_000);
});

test.concurrent.each([
  ['half a request', 'GET /livez HTTP/1.1\r\nhost: '],
  ['an empty line', '\r\n'],
])('one that has sent %s has 10 s for the rest', async (_what, bytes) => {
  const connection = await KeptConnection.open(service.port);
  connection.socket.write(bytes);
  const startedAt = performance.now();
  expect(await connection.ended).toBe('end');
  expect(performance.now() - startedAt).toBeGreaterThan(9500);
  expect(connection.answers.map(({ status }) => status)).toEqual([408]);
});

test.concurrent('headers that begin late have all of their 10 s', async () => {
  const connection = await KeptConnection.open(service.port);
  await delay(9000);
  connection.socket.write('GET /livez HTTP/1.1\r\n');
  await delay(3000);
  connection.socket.write('host: localhost\r\n\r\n');
  await once(connection.socket, 'data');
  expect(connection.answers.map(({ status }) => status)).toEqual([200]);
  connection.socket.destroy();
});
