import { once } from 'node:events';
import {
  connect as connectTcp,
  createServer as createTcpServer,
  type AddressInfo,
  type Socket,
} from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import { anyone, contract, error, query } from '../../../contract/index.ts';
import { serve } from '../../../server/index.ts';
import { scopes } from '../../../telemetry/index.ts';
import { silentLogger } from '../../../testing/index.ts';
import { ShopSuite } from '../../../testing/shop-suite.ts';
import { startShop } from '../../../testing/shop.ts';
import { arraySubprotocol } from '../../../wire/index.ts';
import { connect } from '../../index.ts';

// What goes wrong around a connection, on real sockets.

const suite = new ShopSuite();

/** A TCP server before the service, that does with each connection as the test says. */
async function startProxy(handle: (socket: Socket, first: Buffer, connect: () => Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (first: Buffer) =>
      handle(socket, first, () => {
        const upstream = connectTcp(suite.service.port, '127.0.0.1');
        sockets.add(upstream);
        upstream.on('error', () => socket.destroy());
        upstream.write(first);
        socket.pipe(upstream).pipe(socket);
        return upstream;
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  suite.cleanups.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const codeOf = (thrown: unknown) => (thrown as { data?: { code?: string } }).data?.code;

test('many large answers at once all arrive', async () => {
  // On a busy machine they are more than a second's work, and some are refused at first.
  const made = suite.client({ retryPolicy: { attempts: 3, baseMs: 500, jitter: 0 } });
  await made.items.get.query({ id: 1 });
  const text = 'x'.repeat(500_000);
  const answers = await Promise.all(Array.from({ length: 64 }, () => made.items.echo.query({ text })));
  expect(answers.every((answer) => answer.text.length === 1_000_000)).toBe(true);
});

test('more calls of a slow procedure than the service takes hold up no other call', async () => {
  const made = suite.client({ retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 } });
  await made.items.get.query({ id: 1 });
  const slow = Array.from({ length: 1500 }, () => made.stock.slow.mutate().then(() => 'OK', codeOf));
  await vi.waitFor(() => expect(suite.state.slowCalls).toBe(1024));
  expect(await made.items.get.query({ id: 2 })).toMatchObject({ id: 2 });
  suite.state.finish.resolve();
  const outcomes = await Promise.all(slow);
  expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(1024);
  expect(outcomes.filter((outcome) => outcome === 'SERVICE_UNAVAILABLE')).toHaveLength(476);
});

test('where upgrades are swallowed, calls go over HTTP before their own time is up', async () => {
  const url = await startProxy((_socket, first, open) => {
    if (!/upgrade: websocket/i.test(first.toString('latin1'))) open();
  });
  const made = suite.client({ url, timeoutMs: 1500 });
  for (const id of [1, 2, 3, 4, 5, 6]) expect(await made.items.get.query({ id })).toMatchObject({ id });
});

test('an answer to an upgrade that drips for ever does not hold calls up', async () => {
  const url = await startProxy((socket, first, open) => {
    if (!/upgrade: websocket/i.test(first.toString('latin1'))) return open();
    socket.write('HTTP/1.1 101 Switching Protocols\r\n');
    const drip = setInterval(() => socket.write('x'), 100);
    socket.on('close', () => clearInterval(drip));
    return undefined;
  });
  expect(await suite.client({ url }).items.get.query({ id: 1 })).toMatchObject({ id: 1 });
});

test('a caller in a hurry does not shut the service off for others', async () => {
  const made = suite.client();
  await made.items.get.query({ id: 1 });
  const hurried = { requestId: 'r', trace: undefined, signal: new AbortController().signal };
  for (let call = 0; call < 8; call += 1) {
    const scope = { ...hurried, deadline: performance.now() + 10 };
    expect(
      codeOf(await scopes.run(scope, () => made.stock.hang.mutate()).catch((thrown: unknown) => thrown)),
    ).toBe('TIMEOUT');
  }
  expect(await made.items.get.query({ id: 2 })).toMatchObject({ id: 2 });
});

test('a service that keeps failing is left alone, and found again', async () => {
  const { port } = suite.service;
  const made = suite.client({ transport: 'http' });
  await suite.service.stop();
  const failures: unknown[] = [];
  for (let call = 0; call < 7; call += 1)
    failures.push(await made.items.get.query({ id: 1 }).catch((thrown: unknown) => thrown));
  expect(failures.map(codeOf)).toEqual(Array.from({ length: 7 }, () => 'SERVICE_UNAVAILABLE'));
  expect(String(failures.at(-1))).toContain('breaker open for');
  const again = await startShop(suite.state, { authenticate: suite.identity.authenticate, port });
  suite.cleanups.push(() => again.stop());
  // What this side itself refuses to send shows nothing of the suite.service.
  await delay(1300);
  await expect(made.items.get.query({ id: 1n as never })).rejects.toThrow('cannot be sent');
  await vi.waitFor(async () => expect(await made.items.get.query({ id: 3 })).toMatchObject({ id: 3 }), {
    timeout: 5000,
  });
});

test('a token that cannot be had once does not keep a service shut off', async () => {
  let broken = true;
  const made = suite.client({
    token: () => {
      if (broken) throw new Error('no token');
      return undefined;
    },
  });
  for (let call = 0; call < 8; call += 1)
    await expect(made.items.get.query({ id: 1 })).rejects.toThrow('no token');
  broken = false;
  expect(await made.items.get.query({ id: 1 })).toMatchObject({ id: 1 });
});

test('a service that stops under steady calls ends soon, and nothing under way is lost', async () => {
  const made = suite.client();
  await made.items.get.query({ id: 1 });
  const outcomes: unknown[] = [];
  const over = new AbortController();
  suite.cleanups.push(() => over.abort());
  const loops = Array.from({ length: 4 }, async () => {
    while (!over.signal.aborted) {
      await made.stock.brief.mutate().then(
        () => outcomes.push('OK'),
        (thrown: unknown) => outcomes.push((thrown as { cause?: { reached?: boolean } }).cause?.reached),
      );
      await delay(1);
    }
  });
  await delay(200);
  const startedAt = performance.now();
  await suite.service.stop();
  expect(performance.now() - startedAt).toBeLessThan(3000);
  over.abort();
  await Promise.all(loops);
  // Refused because nobody is there, or never begun: nothing is in doubt.
  expect(outcomes.filter((outcome) => outcome !== 'OK' && outcome !== false)).toEqual([]);
  expect(outcomes.filter((outcome) => outcome === 'OK').length).toBe(suite.state.briefCalls);
});

test('whatever else closes with "service restart" may have begun what it took', async () => {
  const sockets = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: () => arraySubprotocol,
  });
  suite.cleanups.push(() => sockets.close());
  sockets.on('connection', (socket) => socket.on('message', () => socket.close(1012)));
  await once(sockets, 'listening');
  const made = suite.client({ url: `http://127.0.0.1:${(sockets.address() as AddressInfo).port}` });
  const failure = await made.stock.slow.mutate().catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' }, cause: { reached: true } });
});

test('an error that cannot be written ends the connection, and not the process', async () => {
  const odd = contract('odd', {
    throws: query({
      summary: 'Fails with what JSON has no word for',
      output: z.object({}),
      access: anyone,
      errors: { ROUND: error('CONFLICT', 'In a circle', z.any()) },
    }),
    fine: query({ summary: 'Fine', output: z.object({}), access: anyone }),
  });
  const round: Record<string, unknown> = {};
  round['self'] = round;
  const served = await serve(
    odd,
    {
      throws: async ({ errors }) => {
        throw errors.ROUND(round);
      },
      fine: async () => ({}),
    },
    {
      version: '1',
      port: 0,
      log: silentLogger,
      authenticate: suite.identity.authenticate,
      pingDatabase: async () => {},
    },
  );
  served.ready();
  suite.cleanups.push(() => served.stop());
  const made = connect(odd, {
    as: 'anyone',
    url: served.url,
    log: silentLogger,
    retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 },
  });
  suite.cleanups.push(() => made[Symbol.asyncDispose]());
  await expect(made.throws.query()).rejects.toMatchObject({ data: { code: 'SERVICE_UNAVAILABLE' } });
  expect(await made.fine.query()).toEqual({});
});

test('a client that is closed while it opens leaves nothing open', async () => {
  const made = suite.client();
  const call = made.items.get.query({ id: 1 }).catch((thrown: unknown) => thrown);
  await made[Symbol.asyncDispose]();
  await call;
  await expect(suite.service.stop()).resolves.toBeUndefined();
});
