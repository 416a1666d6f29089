import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { anyone, contract, mutation, query } from '../../contract/index.ts';
import { createTestIdentity, silentLogger } from '../../testing/index.ts';
import { serve, type RunningService } from '../index.ts';
import { beatMs } from './stall.ts';
import { readAnswers } from '../testing/raw-answers.ts';
import { SlowLine } from '../testing/slow-line.ts';

// Real connections; only the time between two looks at them is the test's.

const store = contract('store', {
  get: query({ summary: 'A long text', output: z.object({ text: z.string() }), access: anyone }),
  put: mutation({
    summary: 'Takes a long text',
    input: z.object({ text: z.string() }),
    output: z.object({ length: z.int() }),
    access: anyone,
  }),
});

const answers = 40;
const text = 'x'.repeat(190_000);
/** What 50 kB/s are between two looks. */
const perBeat = (50_000 * beatMs) / 1000;

let service: RunningService;
const closing: (() => void)[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { authenticate } = await createTestIdentity();
  service = await serve(
    store,
    { get: async () => ({ text }), put: async ({ input }) => ({ length: input.text.length }) },
    { version: '1', port: 0, log: silentLogger, authenticate, pingDatabase: async () => {} },
  );
  service.ready();
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await service.stop();
  vi.useRealTimers();
});

async function slowLine(slow: 'down' | 'up'): Promise<SlowLine> {
  const line = await SlowLine.to(service.port, slow);
  closing.push(() => line.close());
  return line;
}

/** Lets the time go by until the next look, and what that sends arrive. */
async function beat(): Promise<void> {
  vi.advanceTimersByTime(beatMs);
  await delay(20);
}

/** Opens a WebSocket over a line, and keeps how many answers came. */
async function openOver(line: SlowLine) {
  const socket = new WebSocket(`ws://127.0.0.1:${line.port}/trpc`);
  socket.on('error', () => {});
  let received = 0;
  socket.on('message', () => (received += 1));
  // The request for it, or the answer.
  while (socket.readyState !== socket.OPEN) await Promise.all([line.pass(1000), delay(10)]);
  return { socket, received: () => received };
}

const get = (id: number) => JSON.stringify({ id, method: 'query', params: { path: 'get' } });

interface Treatment {
  /** How many looks at it there are. */
  readonly beats: number;
  /** What is read between two of them. @default 0 */
  readonly bytes?: number;
  /** Done before each. */
  readonly each?: () => void;
}

/** Whether a line is cut by then. Only who has read what is there sees the end of it. */
async function isCutAfter(line: SlowLine, { beats, bytes = 0, each }: Treatment): Promise<boolean> {
  for (let n = 0; n < beats; n += 1) {
    if (bytes > 0) await line.pass(bytes);
    each?.();
    await beat();
  }
  await line.pass(Infinity);
  return line.isCut;
}

describe('slow is not dead', () => {
  test('a WebSocket whose caller reads 50 kB/s gets all of its answers', async () => {
    const line = await slowLine('down');
    const { socket, received } = await openOver(line);
    for (let id = 1; id <= answers; id += 1) socket.send(get(id));
    for (let beats = 0; received() < answers && !line.isCut; beats += 1) {
      await line.pass(perBeat);
      await beat();
      expect(beats).toBeLessThan(20);
    }
    expect(received()).toBe(answers);
    // And afterwards it is one like any other.
    socket.send(get(99));
    while (received() <= answers && !line.isCut) await line.pass(perBeat);
    expect(line.isCut).toBe(false);
  });

  test('calls over HTTP whose caller reads 50 kB/s get all of their answers', async () => {
    const line = await slowLine('down');
    const socket = connect(line.port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write('GET /trpc/get HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(answers));
    await once(socket, 'connect');
    await delay(100);
    for (let beats = 0; beats < 12; beats += 1) {
      await line.pass(perBeat);
      await beat();
    }
    const all = readAnswers(Buffer.concat(chunks), { head: false, ended: false }).answers;
    expect(all.map(({ status }) => status)).toEqual(Array(answers).fill(200));
  });

  test('a WebSocket message that comes at 50 kB/s is read to its end', async () => {
    const line = await slowLine('up');
    const { socket, received } = await openOver(line);
    const answered = once(socket, 'message');
    const input = { text: 'x'.repeat(1_900_000) };
    socket.send(JSON.stringify({ id: 1, method: 'mutation', params: { path: 'put', input } }));
    await delay(50);
    while (received() === 0 && !line.isCut) {
      await line.pass(perBeat);
      await beat();
    }
    expect(line.isCut).toBe(false);
    expect(String(((await answered) as [Buffer])[0])).toContain('1900000');
  });
});

describe('what does not read is cut', () => {
  const ways = [
    ['reads nothing', 0],
    ['reads a byte each 15 s', 1],
  ] as const;

  test.each(ways)(
    'a WebSocket whose caller asks for much and %s, whatever it sends',
    async (_what, bytes) => {
      const line = await slowLine('down');
      const { socket } = await openOver(line);
      for (let id = 1; id <= 200; id += 1) socket.send(get(id));
      await delay(200);
      expect(await isCutAfter(line, { beats: 8, bytes, each: () => socket.send('PING') })).toBe(true);
    },
  );

  test.each(ways)('a connection of HTTP whose caller asks for much and %s', async (_what, bytes) => {
    const line = await slowLine('down');
    const socket = connect(line.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /trpc/get HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(200));
    await once(socket, 'connect');
    await delay(200);
    expect(await isCutAfter(line, { beats: 8, bytes })).toBe(true);
  });

  test.each([
    [1, false],
    [2, true],
  ])(
    'a WebSocket that was sent next to nothing and answers no ping: after %i looks, %s',
    async (beats, cut) => {
      const line = await slowLine('down');
      await openOver(line);
      expect(await isCutAfter(line, { beats })).toBe(cut);
    },
  );

  // 950 kB, for which 16 kB/s take 58 s: three looks more than for nothing.
  test.each([
    [4, false],
    [5, true],
  ])('a WebSocket that was sent what fits into buffers: after %i looks, %s', async (beats, cut) => {
    const line = await slowLine('down');
    const { socket } = await openOver(line);
    for (let id = 1; id <= 5; id += 1) socket.send(get(id));
    await delay(200);
    expect(await isCutAfter(line, { beats })).toBe(cut);
  });
});
