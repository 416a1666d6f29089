import { createTRPCClient, httpLink } from '@trpc/client';
import { expect, test } from 'vitest';
import { urlOf } from '../books/listening.ts';
import { slowCalls, type AppRouter } from '../books/router.ts';
import { testBooks } from '../books/suite.ts';
import { start } from './server.ts';

testBooks(
  async () => {
    const { app, server, service } = await start();
    return { url: await urlOf(server), stop: () => service.stop(), close: () => app.close() };
  },
  { path: '/hello', text: 'Hello from NestJS' },
);

test('closing the app finishes the calls in progress', async () => {
  const { app, server } = await start();
  const client = createTRPCClient<AppRouter>({ links: [httpLink({ url: `${await urlOf(server)}/trpc` })] });
  const { begun } = slowCalls;
  const call = client.books.slow.query();
  await expect.poll(() => slowCalls.begun).toBe(begun + 1);
  await app.close();
  expect(await call).toBe('slow');
});
