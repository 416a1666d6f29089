import { expect, test, vi } from 'vitest';
import { MemorySocket } from '../../testing/memory-socket.ts';
import { Inbox } from './inbox.ts';
import type { WrongMessage } from './message.ts';

function setUp(ready = () => true) {
  const { far } = MemorySocket.pair({ delayMs: 0, loses: undefined });
  const taken: unknown[] = [];
  const pings: string[] = [];
  const faults: WrongMessage[] = [];
  const inbox = new Inbox(far.asWebSocket(), {
    calls: { begin: ({ id }) => void taken.push(id) },
    outbox: {
      get full() {
        return !ready();
      },
      sendWord: (word) => void pings.push(word),
    },
    liveness: { heard: false },
    onWrong: (fault) => faults.push(fault),
    takeFirst: undefined,
  });
  const receive = (message: unknown) => inbox.receive(Buffer.from(JSON.stringify(message)), false);
  return { inbox, socket: far, taken, pings, faults, receive };
}

const stop = (id: number) => ({ id, method: 'subscription.stop' });
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('starts a long array over several turns, in order, and pauses reading meanwhile', async () => {
  const { socket, taken, receive } = setUp();
  const ids = Array.from({ length: 2048 }, (_, id) => id);
  receive(ids.map(stop));
  expect(taken).toHaveLength(256);
  expect(socket.isPaused).toBe(true);
  receive(stop(5000));
  expect(taken).toHaveLength(256);
  await nextTurn();
  expect(taken).toHaveLength(512);
  await vi.waitFor(() => expect(taken).toEqual([...ids, 5000]));
  expect(socket.isPaused).toBe(false);
});

test('counts keep-alives as well', async () => {
  const { inbox, socket, pings } = setUp();
  for (let count = 0; count < 300; count += 1) inbox.receive(Buffer.from('PING'), false);
  expect(socket.isPaused).toBe(true);
  await vi.waitFor(() => expect(socket.isPaused).toBe(false));
  expect(pings).toHaveLength(300);
});

test('starts nothing while the client does not read', () => {
  let ready = false;
  const { inbox, socket, taken, receive } = setUp(() => ready);
  for (let id = 0; id < 15; id += 1) receive(stop(id));
  expect(socket.isPaused).toBe(false);
  receive(stop(15));
  expect([taken, socket.isPaused]).toEqual([[], true]);
  ready = true;
  inbox.goOn();
  expect(taken).toHaveLength(16);
  expect(socket.isPaused).toBe(false);
});

test('closes on an invalid message and drops waiting ones', async () => {
  const { taken, faults, receive } = setUp();
  receive(Array.from({ length: 300 }, (_, id) => stop(id)));
  receive(0);
  receive(stop(1000));
  receive(0);
  await nextTurn();
  expect(taken).toHaveLength(256);
  expect(faults.map(({ message }) => message)).toEqual([
    "The message is not one of tRPC's: it is not an object",
  ]);
});
