import { once } from 'node:events';
import { afterAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { close, urlOf } from '../books/listening.ts';
import { testBooks } from '../books/suite.ts';
import { start } from './server.ts';

const started = await start({ dev: true });
const url = await urlOf(started.server);
afterAll(async () => {
  await started.close();
});

test('the WebSocket of its hot reload opens', async () => {
  expect(await (await fetch(url)).text()).toContain('Hello from Next');
  const socket = new WebSocket(`${url.replace('http', 'ws')}/_next/hmr?id=1`, {
    origin: url.replace('127.0.0.1', 'localhost'),
  });
  await once(socket, 'open');
  socket.terminate();
});

testBooks(async () => ({ url, stop: () => started.service.stop(), close: () => close(started.server) }), {
  path: '/',
  text: 'Hello from Next',
});
