import { connect } from '@arcadium/mesh/client';
import { createTRPCClient, httpBatchLink } from '@trpc/client';
import { io } from 'socket.io-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { close, urlOf } from '../books/listening.ts';
import type { AppRouter } from '../books/router.ts';
import { testBooks } from '../books/suite.ts';
import { createBefore } from './before.ts';
import { start as startContract, stockContract } from './contract.ts';
import { start } from './server.ts';

const route = { path: '/hello', text: 'Hello from Express' };

test('step 0: tRPC’s own adapter', async () => {
  const server = createBefore().listen(0, '127.0.0.1');
  onTestFinished(() => close(server));
  const url = `${await urlOf(server)}/trpc`;
  const client = createTRPCClient<AppRouter>({
    links: [httpBatchLink({ url, headers: { 'x-user': 'ann' } })],
  });
  expect(await client.books.add.mutate({ id: '1', title: 'Emma' })).toEqual({ title: 'Emma', by: 'ann' });
});

describe('step 2: mounted', () => {
  testBooks(async () => {
    const { server, service } = await start();
    return { url: await urlOf(server), stop: () => service.stop(), close: () => close(server) };
  }, route);

  test('socket.io works beside it', async () => {
    const { server, service } = await start();
    onTestFinished(async () => {
      await service.stop();
      await close(server);
    });
    for (const transports of [['websocket'], ['polling']]) {
      const socket = io(await urlOf(server), { transports });
      expect(await new Promise((resolve) => socket.on('greeting', resolve))).toBe('hello');
      socket.close();
    }
  });
});

describe('step 3: a contract beside the router', () => {
  testBooks(async () => {
    const { server, service } = await startContract();
    return { url: await urlOf(server), stop: () => service.stop(), close: () => close(server) };
  }, route);

  test('a mesh client calls the contract', async () => {
    const { server, service } = await startContract();
    onTestFinished(async () => {
      await service.stop();
      await close(server);
    });
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
    await using stock = connect(stockContract, { as: 'anyone', url: await urlOf(server), log });
    expect(await stock.stock.level.query({ id: 'emma' })).toEqual({ left: 4 });
  });
});
