import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { headerOf, readAnswers, type RawAnswer } from './raw-answers.ts';

/** Bytes to send on a connection of their own, and what to do then. */
export interface RawRequest {
  /** For whoever reads a failure. */
  readonly what: string;
  readonly pieces: readonly (string | Buffer)[];
  /** How many answers must come. @default 1 */
  readonly answers?: number;
  /**
   * What comes after these answers: another call on the same connection if it
   * is kept (`next`), only a close from the other side (`close`). Or, without
   * waiting for any: a half close (`end`), a reset (`reset`).
   *
   * @default 'next'
   */
  readonly after?: 'next' | 'close' | 'end' | 'reset';
}

/** What came of it. */
export interface Outcome {
  readonly answers: readonly RawAnswer[];
  readonly end: 'closed' | 'cut' | 'never';
  /** Bytes that are no whole answer. */
  readonly left: number;
}

/** The longest wait for an end, in milliseconds: more than a caller who is too large is listened to. */
const boundMs = 8000;

/** Between two pieces, in milliseconds: enough for them to arrive one by one. */
const paceMs = 5;

/** Sends a request as it stands, and waits for what comes of it. The last answer is the one to `next`. */
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
    // One that says it closes is taken at its word.
    if (!final.some((answer) => headerOf(answer, 'connection') === 'close')) socket.write(next);
  });
  // A reset is an end like any other.
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
