import { randomUUID } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import { connect, type TransportName } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startFaultProxy } from './src/fault-proxy/index.ts';
import { quantile } from './src/load/quantile.ts';
import { frontContract } from './src/stand-ins/relay-contract.ts';
import { startStandIn, type StandIn } from './src/stand-ins/stand-in.ts';

// A caller disconnects from `front`, whose handler waits for `back`. Both are separate processes, and log
// when the signals of their handlers fire.

/** How soon both must notice, in milliseconds. */
const boundMs = 50;
const tries = 9;

let back: StandIn;
let fronts: Record<TransportName, StandIn>;

beforeAll(async () => {
  back = await startStandIn('back.ts');
  const front = (transport: TransportName) => startStandIn('front.ts', back.url, transport);
  const [websocket, http] = await Promise.all([front('websocket'), front('http')]);
  fronts = { websocket, http };
});
afterAll(async () => {
  await Promise.all([back, ...Object.values(fronts)].map((one) => one[Symbol.asyncDispose]()));
});

/** Makes the call. @returns A function that disconnects, and returns when it did. */
type Caller = (url: string, id: string) => Promise<() => void>;

function abortsOver(transport: TransportName): Caller {
  return async (url, id) => {
    const client = connect(frontContract, { as: 'anyone', url, log: silentLogger, transport });
    const will = new AbortController();
    const ended = client.wait.query({ id }, { signal: will.signal }).catch(() => {});
    return () => {
      will.abort();
      void ended.then(() => client[Symbol.asyncDispose]());
    };
  };
}

const cutsWebSocket: Caller = async (url, id) => {
  const proxy = await startFaultProxy(url);
  const client = connect(frontContract, { as: 'anyone', url: proxy.url, log: silentLogger });
  const ended = client.wait.query({ id }).catch(() => {});
  return () => {
    // Resets existing connections at once.
    void proxy[Symbol.asyncDispose]();
    void client[Symbol.asyncDispose]().then(() => ended);
  };
};

const destroysSocket: Caller = async (url, id) => {
  const { hostname, port } = new URL(url);
  const socket = connectTcp(Number(port), hostname);
  await once(socket, 'connect');
  const input = encodeURIComponent(JSON.stringify({ id }));
  socket.write(`GET /trpc/wait?input=${input} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`);
  return () => socket.destroy();
};

const callers = {
  'aborts a call over a WebSocket': abortsOver('websocket'),
  'cuts its WebSocket': cutsWebSocket,
  'aborts a call over HTTP': abortsOver('http'),
  'destroys its HTTP connection': destroysSocket,
} satisfies Record<string, Caller>;

function says(service: StandIn, key: 'waits' | 'gone', id: string) {
  return service.process.logged().find((line) => line[key] === id);
}

/** How long after the disconnect each of the two signals fired, in milliseconds. */
async function hangUp(caller: Caller, front: StandIn): Promise<{ front: number; back: number }> {
  const id = randomUUID();
  const go = await caller(front.url, id);
  const both = [front, back];
  await vi.waitUntil(() => both.every((service) => says(service, 'waits', id)), { interval: 5 });
  expect(both.map((service) => says(service, 'gone', id))).toEqual([undefined, undefined]);
  const at = performance.timeOrigin + performance.now();
  go();
  await vi.waitUntil(() => both.every((service) => says(service, 'gone', id)), { interval: 5 });
  const [atFront = NaN, atBack = NaN] = both.map((service) => Number(says(service, 'gone', id)?.['at']) - at);
  return { front: atFront, back: atBack };
}

describe.each(Object.entries(callers))('a caller that %s', (_, caller) => {
  test.each(['websocket', 'http'] as const)(
    'is known to be gone within 50 ms, one hop over %s further too',
    async (hop) => {
      const seen: { front: number; back: number }[] = [];
      for (let n = 0; n < tries; n++) seen.push(await hangUp(caller, fronts[hop]));
      for (const at of ['front', 'back'] as const) {
        const delays = seen.map((one) => one[at]);
        expect(quantile(delays, 0.5), `${at}: ${delays.join(' ms, ')} ms`).toBeLessThan(boundMs);
      }
    },
  );
});
