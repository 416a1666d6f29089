// What must hold for the router, on each framework.
import { setTimeout as delay } from 'node:timers/promises';
import { createTRPCClient, createWSClient, httpBatchLink, wsLink } from '@trpc/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { slowCalls, type AppRouter } from './router.ts';

export interface Started {
  /** Of the framework's server. */
  readonly url: string;
  /** Before the mesh's paths. @default '' */
  readonly prefix?: string;
  /** Stops the mesh's part, and leaves the server open. */
  stop(): Promise<void>;
  /** Closes the server. */
  close(): Promise<unknown>;
}

/** @param route A route of the application itself, and its answer. */
export function testBooks(start: () => Promise<Started>, route: { path: string; text: string }): void {
  let app: Started;
  let base: string;
  beforeAll(async () => {
    app = await start();
    base = `${app.url}${app.prefix ?? ''}`;
  });
  afterAll(() => app.close());

  const overHttp = () =>
    createTRPCClient<AppRouter>({
      links: [httpBatchLink({ url: `${base}/trpc`, headers: { 'x-user': 'ann' } })],
    });

  test('a stock client calls it over HTTP', async () => {
    const client = overHttp();
    expect(await client.books.add.mutate({ id: 'http', title: 'Emma' })).toEqual({
      title: 'Emma',
      by: 'ann',
    });
    expect(await client.books.get.query({ id: 'http' })).toEqual({ title: 'Emma', by: 'ann' });
    await expect(client.books.get.query({ id: 'none' })).rejects.toMatchObject({
      data: { code: 'NOT_FOUND' },
    });
  });

  test('a stock client calls it over a WebSocket', async () => {
    const socket = createWSClient({ url: `${base.replace('http', 'ws')}/trpc` });
    const client = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket })] });
    const ids: string[] = [];
    const watch = await new Promise<{ unsubscribe(): void }>((resolve) => {
      const subscription = client.books.added.subscribe(undefined, {
        onStarted: () => resolve(subscription),
        onData: ({ data }) => ids.push(data.id),
      });
    });
    // The generator listens from its first turn.
    await delay(20);
    await overHttp().books.add.mutate({ id: 'ws', title: 'Persuasion' });
    await expect.poll(() => ids).toEqual(['ws']);
    watch.unsubscribe();
    await expect(client.books.add.mutate({ id: 'x', title: 'x' })).rejects.toMatchObject({
      data: { code: 'UNAUTHORIZED' },
    });
    await socket.close();
  });

  test('the application’s own routes are as before', async () => {
    expect(await (await fetch(`${app.url}${route.path}`)).text()).toContain(route.text);
  });

  test('health and metrics are served', async () => {
    expect(await (await fetch(`${base}/health`)).json()).toMatchObject({
      service: 'books',
      status: 'healthy',
    });
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${base}/metrics`)).text()).toContain('mesh_server_');
  });

  test('a stop finishes the calls in progress, and leaves the application running', async () => {
    const { begun } = slowCalls;
    const call = overHttp().books.slow.query();
    await expect.poll(() => slowCalls.begun).toBe(begun + 1);
    await app.stop();
    expect(await call).toBe('slow');
    await expect(overHttp().books.get.query({ id: 'http' })).rejects.toMatchObject({
      data: { code: 'SERVICE_UNAVAILABLE' },
    });
    expect((await fetch(`${base}/readyz`)).status).toBe(503);
    expect(await (await fetch(`${app.url}${route.path}`)).text()).toContain(route.text);
  });
}
