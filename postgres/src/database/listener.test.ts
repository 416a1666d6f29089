import { recordingLogger } from '@arcadium/mesh/testing';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { Listener, type ListenerOptions } from './listener.ts';
import { createTestCluster, type TestCluster } from '../testing/testing-cluster.ts';

const channel = 'test."arrivals"';

let cluster: TestCluster;
let admin: Client;
beforeAll(async () => {
  cluster = await createTestCluster();
  await connectAdmin();
});
afterAll(async () => {
  await admin?.end();
  await cluster?.[Symbol.asyncDispose]();
});

let log: ReturnType<typeof recordingLogger>;
let connects: number;
let heard: string[];
let listeners: Listener[];
beforeEach(() => {
  log = recordingLogger();
  connects = 0;
  heard = [];
  listeners = [];
});
afterEach(() => Promise.all(listeners.map((listener) => listener.stop())));

async function connectAdmin(): Promise<void> {
  admin = new Client(cluster.adminUrl);
  admin.on('error', () => {}); // the server is killed
  await admin.connect();
}

function start(options: Partial<ListenerOptions> = {}): Listener {
  const listener = new Listener({
    url: cluster.adminUrl,
    channel,
    onConnect: () => (connects += 1),
    onPayload: (payload) => heard.push(payload),
    log,
    retryMs: 10,
    ...options,
  });
  listeners.push(listener);
  listener.start();
  return listener;
}

const connected = (times: number) => vi.waitUntil(() => connects === times, 10_000);
const notify = (payload: string) => admin.query('SELECT pg_notify($1, $2)', [channel, payload]);
const hears = (...payloads: string[]) => vi.waitFor(() => expect(heard).toEqual(payloads), 5_000);
const lines = () => log.lines.map(({ level, fields }) => [level, fields]);

/** The listeners' sessions. */
async function sessions(): Promise<{ pid: number; query: string; at: Date }[]> {
  const { rows } = await admin.query(
    'SELECT pid, query, query_start AS at FROM pg_stat_activity WHERE application_name = $1',
    [`arcadium listener ${channel}`],
  );
  return rows;
}

/** Process id of the only listening backend. */
async function backend(): Promise<number> {
  const [session, ...others] = await sessions();
  expect(others).toEqual([]);
  return session?.pid ?? expect.unreachable('nobody listens');
}

test('hears what is announced, in the order of commits, once it has said that it listens', async () => {
  const listener = start();
  expect(listener.listening).toBe(false);
  await connected(1);
  expect(listener.listening).toBe(true);
  const slow = new Client(cluster.adminUrl);
  await slow.connect();
  await slow.query('BEGIN');
  await slow.query('SELECT pg_notify($1, $2)', [channel, 'committed last']);
  await notify('');
  await notify('two');
  await slow.query('COMMIT');
  await slow.end();
  await hears('', 'two', 'committed last');
  expect(log.lines).toEqual([]);
});

describe('a connection that is lost', () => {
  test('is made again when its backend is terminated, as often as that happens', async () => {
    const listener = start();
    for (const round of [1, 2, 3]) {
      await connected(round);
      expect(listener.listening).toBe(true);
      await notify(`round ${round}`);
      await vi.waitUntil(() => heard.length === round);
      await admin.query('SELECT pg_terminate_backend($1)', [await backend()]);
    }
    await connected(4);
    expect(heard).toEqual(['round 1', 'round 2', 'round 3']);
    const reason = 'terminating connection due to administrator command';
    const round = [
      ['warn', { channel, reason }],
      ['info', { channel }],
    ];
    expect(lines()).toEqual([...round, ...round, ...round]);
  });

  test('is waited for while the server is away, which is said once, however often it is tried', async () => {
    const listener = start();
    await connected(1);
    await cluster.kill();
    await vi.waitUntil(() => log.lines.length > 0);
    expect(listener.listening).toBe(false);
    await cluster.start();
    await connectAdmin();
    await connected(2);
    await notify('back');
    await hears('back');
    expect(lines()).toEqual([
      ['warn', { channel, reason: expect.any(String) }],
      ['info', { channel }],
    ]);
  });
});

describe('a server that falls silent', () => {
  /** Freezes a backend, so that its socket stays open without answers. */
  async function frozen(pid: number, work: () => Promise<void>): Promise<void> {
    process.kill(pid, 'SIGSTOP');
    try {
      await work();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }

  test('is noticed by its missing heartbeat, and another connection is made', async () => {
    start({ heartbeatMs: 20, answerMs: 1_000 });
    await connected(1);
    await frozen(await backend(), async () => {
      await connected(2);
      await notify('still here');
      await hears('still here');
    });
    expect(lines()).toEqual([
      ['warn', { channel, reason: 'Query read timeout' }],
      ['info', { channel }],
    ]);
  });

  test('is told from one that has nothing to say', async () => {
    start({ heartbeatMs: 20 });
    await connected(1);
    const beats = new Set<number>();
    await vi.waitUntil(async () => {
      const [session] = await sessions();
      if (session?.query === 'SELECT 1') beats.add(session.at.getTime());
      return beats.size === 3;
    });
    expect(connects).toBe(1);
    expect(log.lines).toEqual([]);
  });

  test('does not hold up a stop, nor does its socket stay open', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const before = sockets();
    const listener = start();
    await connected(1);
    expect(sockets()).toBe(before + 1);
    await frozen(await backend(), async () => {
      await listener.stop();
      await vi.waitUntil(() => sockets() === before);
    });
    expect(log.lines).toEqual([]);
  });
});

test('one that cannot try out whether it hears, as there is no room for another connection, goes on', async () => {
  await admin.query("CREATE ROLE single LOGIN PASSWORD 'secret' CONNECTION LIMIT 1");
  const url = Object.assign(new URL(cluster.adminUrl), { username: 'single', password: 'secret' }).href;
  const listener = start({ url, heartbeatMs: 20 });
  await connected(1);
  await notify('heard');
  await hears('heard');
  expect([listener.listening, log.lines]).toEqual([true, []]);
});

describe('stop', () => {
  test('closes the connection and makes no other, called twice or started again', async () => {
    const listener = start();
    await connected(1);
    await Promise.all([listener.stop(), listener.stop()]);
    listener.start();
    expect(listener.listening).toBe(false);
    await vi.waitFor(async () => expect(await sessions()).toEqual([]));
    expect(log.lines).toEqual([]);
  });

  test('in the middle of trying out whether it hears, it says and does nothing more', async () => {
    const listener = start({ heartbeatMs: 0 });
    await connected(1);
    const probes = "SELECT FROM pg_stat_activity WHERE application_name = 'arcadium probe'";
    await vi.waitUntil(async () => (await admin.query(probes)).rowCount === 1);
    await listener.stop();
    await vi.waitUntil(async () => (await admin.query(probes)).rowCount === 0);
    expect([listener.listening, connects, log.lines]).toEqual([false, 1, []]);
  });

  test('ends a wait for the server', async () => {
    const listener = start({ url: 'postgres://nobody@127.0.0.1:1/nothing', retryMs: 600_000 });
    await vi.waitUntil(() => log.lines.length === 1);
    await listener.stop();
    expect(connects).toBe(0);
  });
});
