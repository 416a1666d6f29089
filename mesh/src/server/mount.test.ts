import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createTRPCClient, createWSClient, httpLink, TRPCClientError, wsLink } from '@trpc/client';
import { initTRPC } from '@trpc/server';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { connect } from '../client/index.ts';
import { anyone, contract, query } from '../contract/index.ts';
import { probeService } from '../health/index.ts';
import { silentLogger } from '../testing/index.ts';
import { mount, type MountOptions } from './mount.ts';
import { fromContract } from './part.ts';
import { fromRouter } from './router/from-router.ts';

const t = initTRPC.create();
let held: PromiseWithResolvers<string> = Promise.withResolvers();
let holding = 0;
const router = t.router({
  hello: t.procedure.query(() => 'hello'),
  hold: t.procedure.query(() => {
    holding += 1;
    return held.promise;
  }),
});
const stock = contract('stock', {
  level: query({ summary: 'Level', output: z.object({ left: z.int() }), access: anyone }),
});

interface Mounted {
  readonly url: string;
  readonly server: Server;
  readonly service: Awaited<ReturnType<typeof mount>>;
}

/** An application with routes and WebSockets of its own, and the mesh beside them. */
async function start(options: Partial<MountOptions> = {}): Promise<Mounted> {
  const server = createServer(({ url }, response) => response.end(`app ${url}`));
  const parts = [
    fromRouter(router, { name: 'app' }),
    fromContract(stock, { level: async () => ({ left: 3 }) }),
  ];
  const service = await mount(parts, server, { version: '1', log: silentLogger, ...options });
  // After the mount, as Next does.
  const chat = new WebSocketServer({ noServer: true });
  server.on('upgrade', (asked, socket, head) => {
    if (asked.url !== '/chat') socket.destroy();
    else chat.handleUpgrade(asked, socket, head, (opened) => opened.send('chat'));
  });
  const port = await listen(server, service);
  return { url: `http://127.0.0.1:${port}`, server, service };
}

/** Listens until the end of the test. */
async function listen(server: Server, service: Mounted['service']): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  service.ready();
  onTestFinished(async () => {
    await service.stop();
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const textOf = async (url: string): Promise<string> => (await fetch(url)).text();

async function firstMessage(url: string): Promise<string> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  const [message] = (await once(socket, 'message')) as [Buffer];
  socket.terminate();
  return message.toString();
}

test.for(['', '/internal/mesh'])(
  'with the prefix "%s", beside the routes and WebSockets of an application',
  async (prefix) => {
    const { url } = await start({ prefix });
    const base = `${url}${prefix}`;
    expect(
      await createTRPCClient<typeof router>({ links: [httpLink({ url: `${base}/trpc` })] }).hello.query(),
    ).toBe('hello');
    const socket = createWSClient({ url: `${base.replace('http', 'ws')}/trpc` });
    onTestFinished(() => socket.close());
    expect(await createTRPCClient<typeof router>({ links: [wsLink({ client: socket })] }).hello.query()).toBe(
      'hello',
    );
    await using client = connect(stock, { as: 'anyone', url: base, log: silentLogger });
    expect(await client.level.query()).toEqual({ left: 3 });
    expect(await (await fetch(`${base}/health`)).json()).toMatchObject({ service: 'app', status: 'healthy' });
    expect((await probeService(base)()).status).toBe('healthy');
    expect(await textOf(`${base}/metrics`)).toContain('mesh_server_');

    expect(await textOf(`${url}/`)).toBe('app /');
    expect(await textOf(`${url}/trpcs`)).toBe('app /trpcs');
    if (prefix) expect(await textOf(`${url}${prefix}x/health`)).toBe(`app ${prefix}x/health`);
    expect(await firstMessage(`${url}/chat`)).toBe('chat');
  },
);

test('an application without WebSockets gets other upgrades as before', async () => {
  const server = createServer(({ headers }, response) => response.end(`app ${headers.upgrade}`));
  const service = await mount(fromRouter(router, { name: 'app' }), server, {
    version: '1',
    log: silentLogger,
  });
  const port = await listen(server, service);
  const socket = createWSClient({ url: `ws://127.0.0.1:${port}/trpc` });
  onTestFinished(() => socket.close());
  expect(await createTRPCClient<typeof router>({ links: [wsLink({ client: socket })] }).hello.query()).toBe(
    'hello',
  );
  const asked = request({ port, path: '/chat', headers: { connection: 'upgrade', upgrade: 'h2c' } }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  expect((await answer.toArray()).join('')).toBe('app h2c');
});

test('a stop finishes calls, ends WebSockets and leaves the application alone', async () => {
  held = Promise.withResolvers();
  holding = 0;
  const { url, service } = await start();
  const http = createTRPCClient<typeof router>({ links: [httpLink({ url: `${url}/trpc` })] });
  const closed = vi.fn();
  const socket = createWSClient({
    url: `${url.replace('http', 'ws')}/trpc`,
    onClose: closed,
    retryDelayMs: () => 100_000,
  });
  onTestFinished(() => socket.close());
  const overSocket = createTRPCClient<typeof router>({ links: [wsLink({ client: socket })] });
  const calls = [http.hold.query(), overSocket.hold.query()];
  await vi.waitFor(() => expect(holding).toBe(2));

  let stopped = false;
  const stopping = service.stop().then(() => (stopped = true));
  await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(503));
  await expect(http.hello.query()).rejects.toMatchObject({
    data: { code: 'SERVICE_UNAVAILABLE', retry: 'safe' },
  });
  await delay(20);
  expect(stopped).toBe(false);
  held.resolve('held');
  expect(await Promise.all(calls)).toEqual(['held', 'held']);
  await stopping;
  expect(closed).toHaveBeenCalled();
  expect(await textOf(`${url}/`)).toBe('app /');
  expect(await firstMessage(`${url}/chat`)).toBe('chat');
});

test('a call that does not end is cut after the drain timeout', async () => {
  held = Promise.withResolvers();
  holding = 0;
  const { url, service } = await start({ drainTimeoutMs: 20 });
  const call = createTRPCClient<typeof router>({ links: [httpLink({ url: `${url}/trpc` })] }).hold.query();
  const failed = call.catch((error: unknown) => error);
  await vi.waitFor(() => expect(holding).toBe(1));
  await service.stop();
  expect(await failed).toBeInstanceOf(TRPCClientError);
});

test.for(['internal', '/internal/', '/a b', '/*'])('"%s" is not a prefix', async (prefix) => {
  const options = { version: '1', log: silentLogger, prefix };
  await expect(mount(fromRouter(router, { name: 'app' }), createServer(), options)).rejects.toThrow(
    'prefix must be',
  );
});
