import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import { recordingLogger, silentLogger } from '@arcadium/mesh/testing';
import { PrismaClient } from '@arcadium/prisma/auth';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { isDatabaseUnavailable, openDatabase, type Database } from './database.ts';
import { DatabaseClient } from './client.ts';
import { Listener } from './listener.ts';
import { createReplicated, type Replicated } from '../testing/testing-standby.ts';

let servers: Replicated;
let network: Awaited<ReturnType<typeof silentNetwork>>;
let hosts: string;
let database: Database<PrismaClient>;

const urlAt = (places: string) => `postgres://postgres:secret@${places}/postgres`;

beforeAll(async () => {
  servers = await createReplicated();
  network = await silentNetwork(servers.primary.port);
  // The standby first: it is not the order that decides.
  hosts = `127.0.0.1:${servers.standby.port},127.0.0.1:${network.port}`;
  database = openDatabase({
    url: urlAt(hosts),
    schema: 'public',
    client: PrismaClient,
    log: silentLogger,
    poolMax: 3,
  });
});
afterAll(async () => {
  await database?.close();
  await network?.[Symbol.asyncDispose]();
  await servers?.[Symbol.asyncDispose]();
});

/** A network in front of a server that can lose everything, without closing a connection. */
async function silentNetwork(to: number) {
  const sockets = new Set<Socket>();
  let silent = false;
  const server = createServer((inside) => {
    sockets.add(inside.on('error', () => {}));
    if (silent) return;
    const outside = connect(to, '127.0.0.1').on('error', () => {});
    sockets.add(outside);
    inside.pipe(outside).pipe(inside);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    lose(): void {
      silent = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const place = async () =>
  (await database.pool.query<{ port: number }>('SELECT inet_server_port() AS port')).rows[0]?.port;

test('a session that only reads, of a server whose name leads elsewhere now, is replaced', async () => {
  const url = urlAt(`127.0.0.1:${servers.primary.port}`);
  const single = openDatabase({ url, schema: 'public', client: PrismaClient, log: silentLogger, poolMax: 1 });
  const lent = await single.pool.connect();
  await lent.query('SET default_transaction_read_only = on');
  lent.release();
  await expect(single.pool.query('CREATE TABLE refused (n int)')).rejects.toMatchObject({ code: '25006' });
  await single.ping();
  expect(single.serving.takesWrites()).toBe(true);
  await single.pool.query('CREATE TABLE taken (n int)');
  await single.close();
});

test('when the primary falls silent and another takes its place, connections that hang end, and all go there', async () => {
  expect(await place()).toBe(servers.primary.port);
  const log = recordingLogger();
  const heard: string[] = [];
  const listener = new Listener({
    url: urlAt(hosts),
    channel: 'places',
    onConnect: () => heard.push('connected'),
    onPayload: (payload) => heard.push(payload),
    log,
    retryMs: 10,
  });
  listener.start();
  await vi.waitFor(() => expect(heard).toEqual(['connected']));

  network.lose();
  const hanging = database.pool.query('SELECT 1').catch((error: unknown) => error);
  await vi.waitFor(async () => {
    await expect(
      new DatabaseClient({ connectionString: urlAt(hosts), connectionTimeoutMillis: 500 }).connect(),
    ).rejects.toThrow(
      `no PostgreSQL server takes writes: 127.0.0.1:${servers.standby.port} (is read-only), 127.0.0.1:${network.port} (timeout expired)`,
    );
  });
  // Without its standby, a synchronous primary acknowledges nothing; here it is also out of reach.
  await servers.promote();
  const promotedAt = performance.now();
  expect(isDatabaseUnavailable(await hanging)).toBe(true);
  await vi.waitFor(async () => expect(await place()).toBe(servers.standby.port));
  expect(performance.now() - promotedAt).toBeLessThan(10_000);

  await vi.waitFor(() => expect(heard).toEqual(['connected', 'connected']));
  const client = new Client(servers.standby.adminUrl);
  await client.connect();
  await client.query("NOTIFY places, 'here'");
  await client.end();
  await vi.waitFor(() => expect(heard.at(-1)).toBe('here'));
  await listener.stop();
});
