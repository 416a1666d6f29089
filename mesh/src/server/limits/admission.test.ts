import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tracked } from '@trpc/server';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { anyone, contract, mutation, nobody, query, subscription } from '../../contract/index.ts';
import { exposition, type Decision } from '../../telemetry/index.ts';
import { createTestIdentity, recordingLogger } from '../../testing/index.ts';
import type { Handlers } from '../call/handler.ts';
import { createListener } from '../http/listener.ts';
import { buildRouter } from '../trpc/router.ts';
import { createService } from '../service.ts';
import { acceptSockets } from '../socket/accept.ts';
import type { Admission } from './admission.ts';

const done = z.object({});
const inn = contract('inn', {
  vital: query({ summary: 'Critical', output: done, access: anyone, priority: 'critical' }),
  usual: query({ summary: 'Normal', output: done, access: anyone }),
  nice: query({ summary: 'Sheddable', output: done, access: anyone, priority: 'sheddable' }),
  order: mutation({ summary: 'With an input', input: z.string(), output: done, access: anyone }),
  stay: query({ summary: 'Waits', output: done, access: anyone }),
  burn: query({ summary: 'Takes 30 ms of the event loop', output: done, access: anyone }),
  watch: subscription({ summary: 'Events', output: done, access: anyone }),
});

const identity = await createTestIdentity();
const cleanups: (() => unknown)[] = [];
let begun: string[];
/** Procedures whose handlers wait for `finish`. */
let held: Set<string>;
let admission: Admission;
let log: ReturnType<typeof recordingLogger>;
let url: string;
/** Calls within the process. */
let call: (path: string) => Promise<unknown>;
let finish: PromiseWithResolvers<void>;

beforeEach(async () => {
  begun = [];
  held = new Set(['stay']);
  log = recordingLogger();
  finish = Promise.withResolvers();
  const answer = (name: string) => async () => {
    begun.push(name);
    if (held.has(name)) await finish.promise;
    return {};
  };
  const handlers: Handlers<typeof inn> = {
    vital: answer('vital'),
    usual: answer('usual'),
    nice: answer('nice'),
    order: answer('order'),
    stay: answer('stay'),
    burn: async () => {
      begun.push('burn');
      block(30);
      return {};
    },
    async *watch() {
      begun.push('watch');
      yield tracked('1', {});
    },
  };
  const { authenticate } = identity;
  const options = { version: '1', log, authenticate, pingDatabase: async () => {} };
  const service = createService<typeof inn>(inn, handlers, options);
  const { procedures, readiness, access } = service;
  readiness.ready();
  admission = service.admission;
  const router = buildRouter(procedures);
  const server = createServer(
    createListener({
      routeOf: () => ({ router }),
      procedures,
      routes: {},
      authenticate,
      access,
      peerOf: service.peerOf,
      classify: undefined,
      readiness,
      contractHash: service.contractHash,
      log,
    }),
  );
  acceptSockets(server, service);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const caller = router.createCaller({
    caller: nobody,
    requestId: 'test',
    trace: undefined,
    timeoutMs: undefined,
  });
  call = (path) => (caller[path] as () => Promise<unknown>)();
  cleanups.push(async () => {
    finish.resolve();
    server.close();
    server.closeAllConnections();
    await service.stop(async () => {});
  });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

interface Shed {
  error?: { message: string; data: Record<string, unknown> };
}

async function ask(target: string, headers: Record<string, string> = {}, body?: string) {
  const answer = await request(`${url}/trpc/${target}`, {
    headers: { 'x-request-id': 'mine', ...headers },
    ...(body === undefined ? {} : { method: 'POST', body }),
  });
  return { status: answer.statusCode, headers: answer.headers, body: (await answer.body.json()) as Shed };
}

async function openSocket(headers: Record<string, string> = {}) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`, ['trpc-array'], { headers });
  cleanups.push(() => socket.terminate());
  const received: ({ id: number } & Shed)[] = [];
  socket.on('message', (data) => received.push(...[JSON.parse((data as Buffer).toString())].flat()));
  await once(socket, 'open');
  const send = (...paths: string[]): void =>
    socket.send(
      JSON.stringify(
        paths.map((path, id) => ({
          id,
          method: path === 'watch' ? 'subscription' : path === 'order' ? 'mutation' : 'query',
          params: { path, ...(path === 'order' && { input: 'a' }) },
          headers: { 'x-request-id': 'mine' },
        })),
      ),
    );
  return { socket, received, send };
}

const refusal = (path: string) => ({
  message: 'The service is overloaded',
  data: {
    code: 'SERVICE_UNAVAILABLE',
    httpStatus: 503,
    retry: 'safe',
    retryAfterMs: expect.toSatisfy((ms: number) => ms >= 500 && ms <= 1500),
    path,
    requestId: 'mine',
  },
});

describe('where as many calls of a procedure are in progress as may be', () => {
  const fill = async (path: string): Promise<void> => {
    held.add(path);
    const { send } = await openSocket();
    send(...Array.from({ length: 1024 }, () => path));
    await vi.waitFor(() => expect(begun.filter((name) => name === path)).toHaveLength(1024));
    begun = [];
  };

  test.each([
    ['the fast path', {}],
    ['tRPC’s adapter', { 'trpc-accept': 'application/json' }],
  ])('%s refuses more', async (_way, headers) => {
    await fill('usual');
    const answer = await ask('usual', headers);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, expect.stringMatching(/^[12]$/)]);
    expect(answer.body.error).toMatchObject(refusal('usual'));
    expect((await ask('nice', headers)).status).toBe(200);
    expect(begun).toEqual(['nice']);
  });

  test('neither credentials nor a body are looked at', async () => {
    await fill('order');
    const headers = { authorization: 'Service-Token a.b.c', 'content-type': 'application/json' };
    expect((await ask('order', headers, '{ no JSON')).status).toBe(503);
    // The connection is as good as before.
    expect((await ask('vital')).status).toBe(200);
  });

  test('a batch is refused call by call', async () => {
    await fill('usual');
    const answer = await ask('usual,vital?batch=1');
    expect(answer.status).toBe(207);
    expect(answer.body).toMatchObject([{ error: refusal('usual') }, { result: {} }]);
  });

  test('a WebSocket refuses more, and opens subscriptions', async () => {
    await fill('usual');
    const { received, send } = await openSocket();
    send('usual', 'vital', 'watch');
    await vi.waitFor(() => expect(received.length).toBeGreaterThanOrEqual(4));
    const of = (id: number) => received.findLast((message) => message.id === id);
    expect(of(0)?.error).toMatchObject(refusal('usual'));
    expect(of(1)?.error).toBeUndefined();
    expect(of(2)?.error).toBeUndefined();
    expect(begun.toSorted()).toEqual(['vital', 'watch']);
  });

  test('a caller within the process is refused too', async () => {
    await fill('usual');
    await expect(call('usual')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(call('vital')).resolves.toEqual({});
    expect(begun).toEqual(['vital']);
  });

  test('refusals are counted, told, and logged in summary only', async () => {
    await fill('usual');
    const told: unknown[] = [];
    const listen = (decision: unknown): void => void told.push(decision);
    subscribe('arcadium:decisions', listen);
    cleanups.push(() => unsubscribe('arcadium:decisions', listen));
    const answers = await Promise.all(Array.from({ length: 50 }, () => call('usual').catch(() => 'refused')));
    expect(answers).toEqual(Array.from({ length: 50 }, () => 'refused'));
    const shed: Decision = {
      side: 'server',
      decision: 'shed',
      service: 'inn',
      procedure: 'usual',
      priority: 'normal',
      reason: 'limit',
    };
    expect(told).toEqual(Array.from({ length: 50 }, () => shed));
    const { text } = await exposition();
    expect(text).toMatch(/mesh_server_shed_total\{procedure="usual",priority="normal",reason="limit"\} \d+/);
    expect(text).toContain('mesh_server_limit{procedure="usual"} 1024');
    expect(text).toContain('mesh_server_in_flight{procedure="usual"} 1024');
    expect(text).toContain('mesh_server_queued 0');
    expect(text).toMatch(/mesh_server_event_loop_delay_seconds [\d.]+/);
    admission.stop();
    expect((await exposition()).text).not.toContain('mesh_server_limit{procedure="usual"}');
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'shedding begins, calls of usual are refused: too many of its calls are in progress'],
      ['warn', 'shedding: 50 calls refused in the last second, usual: too many of its calls are in progress'],
    ]);
  });
});

test('more than the limit are refused, critical ones of another procedure are not', async () => {
  const { send } = await openSocket();
  send(...Array.from({ length: 1024 }, () => 'stay'));
  await vi.waitFor(() => expect(begun).toHaveLength(1024));
  expect((await ask('stay')).body.error).toMatchObject(refusal('stay'));
  expect((await ask('usual')).status).toBe(200);
  expect(admission.snapshot()).toMatchObject({
    procedures: expect.arrayContaining([{ path: 'stay', limit: 1024, inFlight: 1024 }]),
    shedding: true,
  });
  finish.resolve();
  await vi.waitFor(async () => expect((await ask('stay')).status).toBe(200));
});

describe('a place among those under way', () => {
  const inFlight = (path: string) =>
    admission.snapshot().procedures.find((procedure) => procedure.path === path)?.inFlight;

  test('is not held by a call whose body has not come', async () => {
    const { port } = new URL(url);
    const slow = Array.from({ length: 20 }, () => {
      const socket = connect(Number(port), '127.0.0.1');
      cleanups.push(() => socket.destroy());
      socket.write(
        'POST /trpc/order HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n"',
      );
      return socket;
    });
    await Promise.all(slow.map((socket) => once(socket, 'connect')));
    // What is asked later is answered later: by then the others have been read as far as they came.
    expect((await ask('vital')).status).toBe(200);
    expect(inFlight('order')).toBe(0);
    for (const socket of slow) socket.write('a"');
    await vi.waitFor(() => expect(begun.filter((name) => name === 'order')).toHaveLength(20));
  });

  test('is held until the handler is done, although nobody waits for it any more', async () => {
    const { socket, send } = await openSocket();
    send('stay', 'stay', 'stay');
    await vi.waitFor(() => expect(begun).toHaveLength(3));
    socket.terminate();
    const timedOut = await ask('stay', { 'x-timeout-ms': '20' });
    expect(timedOut.body.error?.data['code']).toBe('TIMEOUT');
    expect(inFlight('stay')).toBe(4);
    finish.resolve();
    await vi.waitFor(() => expect(inFlight('stay')).toBe(0));
  });

  test('is given back by what no handler is asked for', async () => {
    const headers = { 'content-type': 'application/json' };
    expect((await ask('order', headers, '7')).status).toBe(400);
    expect((await ask('order', { ...headers, 'x-timeout-ms': '0' }, '"a"')).status).toBe(408);
    expect([inFlight('order'), begun, admission.snapshot().shedding]).toEqual([0, [], false]);
  });
});

test('thousands of calls at once that are worked off in no time are all answered', async () => {
  const sockets = await Promise.all([openSocket(), openSocket(), openSocket()]);
  for (const { send } of sockets) send(...Array.from({ length: 1000 }, () => 'usual'));
  await vi.waitFor(() => expect(sockets.map(({ received }) => received.length)).toEqual([1000, 1000, 1000]));
  expect(sockets.flatMap(({ received }) => received).filter(({ error }) => error)).toEqual([]);
});

describe('what one turn of the event loop cannot begin', () => {
  test('of one HTTP connection does not keep others waiting', async () => {
    const [first, modest] = await Promise.all([openSocket(), openSocket()]);
    const greedy = connect(Number(new URL(url).port), '127.0.0.1');
    cleanups.push(() => greedy.destroy());
    await once(greedy, 'connect');
    first.send(...Array.from({ length: 15 }, () => 'burn'));
    greedy.write('GET /trpc/burn HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(60));
    await vi.waitFor(() => expect(admission.snapshot().queued).toBeGreaterThan(50), { interval: 5 });
    modest.send('usual');
    await vi.waitFor(() => expect(modest.received).toHaveLength(1));
    expect(modest.received[0]?.error).toBeUndefined();
    expect(begun.indexOf('usual')).toBeLessThan(20);
  });

  test('waits, and is refused when that took too long; critical calls go first', async () => {
    const { received, send } = await openSocket();
    send(...Array.from({ length: 50 }, () => 'burn'), 'vital');
    await vi.waitFor(() => expect(received).toHaveLength(51));
    const refused = received.filter(({ error }) => error);
    expect(refused.length).toBeGreaterThan(3);
    expect(refused.length).toBeLessThan(50);
    expect(refused[0]?.error).toMatchObject(refusal('burn'));
    expect(begun.indexOf('vital')).toBeLessThan(3);
    expect(begun.filter((name) => name === 'burn')).toHaveLength(50 - refused.length);
    expect(admission.snapshot()).toMatchObject({ queued: 0 });
  });

  test('does not keep other connections waiting', async () => {
    const [greedy, modest] = await Promise.all([openSocket(), openSocket()]);
    greedy.send(...Array.from({ length: 100 }, () => 'burn'));
    modest.send('usual');
    await vi.waitFor(() => expect(modest.received).toHaveLength(1));
    expect(modest.received[0]?.error).toBeUndefined();
    expect(begun.indexOf('usual')).toBeLessThan(5);
  });
});
