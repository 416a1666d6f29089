import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Outbox } from './outbox.ts';

let server: WebSocketServer;
let client: WebSocket;
afterEach(() => {
  client.terminate();
  server.close();
});

async function open(arrays: boolean, onDrained = () => {}): Promise<Outbox> {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [socket] = (await once(server, 'connection')) as [WebSocket];
  await once(client, 'open');
  return new Outbox(socket, { arrays, onDrained, calls: { size: 2 } });
}

test.each([
  [true, ['[1,2,3]', '4']],
  [false, ['1', '2', '3', '4']],
])('sends the answers of all callbacks of one turn together (arrays: %s)', async (arrays, messages) => {
  const outbox = await open(arrays);
  const received: string[] = [];
  client.on('message', (data) => received.push((data as Buffer).toString()));
  for (const message of ['1', '2', '3']) setImmediate(() => outbox.send(message));
  await expect.poll(() => received).toHaveLength(messages.length - 1);
  outbox.send('4');
  await expect.poll(() => received).toEqual(messages);
});

test.each([
  [1000, 20_000],
  [200_000, 100],
  [1_500_000, 12],
])('a client that pauses gets every message in the end (%d characters each)', async (length, count) => {
  let drains = 0;
  const outbox = await open(false, () => (drains += 1));
  const received: string[] = [];
  client.on('message', (data) => received.push((data as Buffer).toString().slice(0, 8)));
  client.pause();
  const numbers = Array.from({ length: count }, (_, index) => String(index).padStart(8));
  for (const number of numbers) outbox.send(number.padEnd(length));
  await expect.poll(() => outbox.full && !outbox.empty).toBe(true);
  expect(drains).toBe(0);
  const drained = outbox.drained();
  client.resume();
  await drained;
  await expect.poll(() => received.length).toBe(count);
  expect(received).toEqual(numbers);
  expect([outbox.empty, outbox.full]).toEqual([true, false]);
  expect(drains).toBeGreaterThan(0);
});
