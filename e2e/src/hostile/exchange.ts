import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceName } from '../mesh.ts';
import { readAnswers, type Answer } from './answer.ts';

/** A request that no normal client sends. */
export interface HostileRequest {
  readonly service: ServiceName;
  /** What is wrong with it, for messages. */
  readonly what: string;
  /** The bytes to send, piece by piece. */
  readonly pieces: readonly (Buffer | string)[];
  /** Wait between two pieces, in milliseconds. @default 0 */
  readonly paceMs?: number;
  /**
   * What the sender does next: wait for the answer, close its half, or cut the connection.
   *
   * @default 'wait'
   */
  readonly after?: 'wait' | 'end' | 'reset';
  /** Number of answers to wait for; a sender that closes its half waits for the close instead. @default 1 */
  readonly answers?: number;
  /** Longest wait for an end, in milliseconds. @default twice the longest timeout of a contract */
  readonly boundMs?: number;
  /**
   * The expected answer: a refusal (4xx), one of these statuses, or any that is not the service's fault.
   *
   * @default 'any'
   */
  readonly expect?: 'refusal' | 'any' | readonly number[];
}

/** The result of a request. */
export interface Exchange {
  readonly answers: readonly Answer[];
  /** How it ended: with the expected answers, closed by the service, cut by us, or not at all. */
  readonly end: 'answered' | 'closed' | 'cut' | 'never';
  /** Set if the answer was not HTTP. */
  readonly garbled: string | undefined;
}

/** Sends one request on a new connection exactly as given, and waits for the result. */
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
  // A reset is an end like any other.
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
    // The slow pace is the fault itself.
    if (index > 0 && paceMs > 0) await delay(paceMs);
    if (socket.destroyed) break;
    socket.write(piece);
  }
  if (after === 'end') socket.end();
  if (after === 'reset') {
    // Only after it was sent, or nothing would arrive.
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
