import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceName } from '../mesh.ts';
import { readAnswers, type Answer } from './answer.ts';

/** One thing that no well-meaning client sends. */
export interface HostileRequest {
  readonly service: ServiceName;
  /** What is wrong with it, for whoever reads a failure. */
  readonly what: string;
  /** What goes out, piece by piece. */
  readonly pieces: readonly (Buffer | string)[];
  /** Between two pieces, in milliseconds. @default 0 */
  readonly paceMs?: number;
  /** What the sender does next: wait for the answer, close its half, or cut the connection. @default 'wait' */
  readonly after?: 'wait' | 'end' | 'reset';
  /** How many answers it waits for; one that closes its half waits for the close instead. @default 1 */
  readonly answers?: number;
  /** The longest wait for an end, in milliseconds. @default twice what a call may take by its contract */
  readonly boundMs?: number;
  /** What must come: a refusal (4xx), one of these, or anything that is not the service's fault. @default 'any' */
  readonly expect?: 'refusal' | 'any' | readonly number[];
}

/** What came of it. */
export interface Exchange {
  readonly answers: readonly Answer[];
  /** How it ended: with the answers awaited, with a close from the other side, by us, or not at all. */
  readonly end: 'answered' | 'closed' | 'cut' | 'never';
  /** Set when what came was no HTTP. */
  readonly garbled: string | undefined;
}

/** Sends one request on a connection of its own, as it stands, and waits for what comes of it. */
export async function exchange(port: number, request: HostileRequest): Promise<Exchange> {
  const { pieces, paceMs = 0, after = 'wait', answers: wanted = 1, boundMs = 10_000 } = request;
  const head = String(pieces[0]).startsWith('HEAD ');
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  const done = Promise.withResolvers<Exchange['end']>();
  let answers: readonly Answer[] = [];
  let garbled: string | undefined;
  const read = (ended: boolean): void => {
    try {
      const received = readAnswers(Buffer.concat(chunks), { head, ended });
      ({ answers } = received);
      if (ended && received.rest.length > 0) garbled = `left over: ${String(received.rest)}`;
    } catch (error) {
      garbled = String(error);
    }
    if (garbled !== undefined || (after !== 'end' && answers.length >= wanted)) done.resolve('answered');
  };

  const bound = setTimeout(() => done.resolve('never'), boundMs);
  // A reset is an end like any other: that it comes is what matters.
  socket.on('error', () => done.resolve('closed'));
  socket.on('close', () => {
    read(true);
    done.resolve('closed');
  });
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    read(false);
  });
  for (const [index, piece] of pieces.entries()) {
    // The pace is the fault that is made here; nothing is waited for.
    if (index > 0 && paceMs > 0) await delay(paceMs);
    if (socket.destroyed) break;
    socket.write(piece);
  }
  if (after === 'end') socket.end();
  if (after === 'reset') {
    // Only once it is out, or nothing would have been sent at all.
    socket.write('', () => {
      socket.resetAndDestroy();
      done.resolve('cut');
    });
  }
  const end = await done.promise;
  clearTimeout(bound);
  socket.destroy();
  return { answers, end, garbled };
}
