import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { headerOf, readAnswers, type RawAnswer } from './raw-answers.ts';

/** Bytes to send on a new connection, and what follows. */
export interface RawRequest {
  /** Description in a failure. */
  readonly what: string;
  readonly pieces: readonly (string | Buffer)[];
  /** Number of answers to wait for. @default 1 */
  readonly answers?: number;
  /**
   * After these answers: `next`, another call on the same connection if it is kept; `close`, a close by the server.
   * Without waiting for them: `end`, a half close; `reset`, a reset. @default 'next'
   */
  readonly after?: 'next' | 'close' | 'end' | 'reset';
}

export interface Outcome {
  readonly answers: readonly RawAnswer[];
  readonly end: 'closed' | 'cut' | 'never';
  /** Bytes of an incomplete answer. */
  readonly left: number;
}

/** Longest wait for the end, in milliseconds; longer than `lingerMs`. */
const boundMs = 8000;

/** Pause between two pieces, in milliseconds, so that they arrive separately. */
const paceMs = 5;

/** Sends a raw request, and waits for the end. The last answer is that of `next`. */
export async function exchange(port: number, request: RawRequest, next: Buffer): Promise<Outcome> {
  const { pieces, answers: wanted = 1, after = 'next' } = request;
  const head = String(pieces[0]).startsWith('HEAD ');
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const ended = Promise.withResolvers<Outcome['end']>();
  const chunks: Buffer[] = [];
  let asked = after !== 'next';
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (asked) return;
    const { answers } = readAnswers(Buffer.concat(chunks), { head, ended: false });
    const final = answers.filter(({ status }) => status >= 200);
    if (final.length < wanted) return;
    asked = true;
    if (!final.some((answer) => headerOf(answer, 'connection') === 'close')) socket.write(next);
  });
  socket.on('error', () => {});
  socket.on('close', () => ended.resolve('closed'));
  const bound = setTimeout(() => ended.resolve('never'), boundMs);

  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await delay(paceMs);
    if (!socket.destroyed) socket.write(piece);
  }
  if (after === 'end') socket.end();
  if (after === 'reset') {
    socket.write('', () => {
      socket.resetAndDestroy();
      ended.resolve('cut');
    });
  }
  const end = await ended.promise;
  clearTimeout(bound);
  socket.destroy();
  return { ...readAnswers(Buffer.concat(chunks), { head, ended: true }), end };
}
