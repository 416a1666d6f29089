import type { Socket } from 'node:net';

/** What flows one way: bytes, or the end of them. */
type Piece = Readonly<{ bytes: Buffer | undefined; at: number }>;

/**
 * One direction of a connection: writes what it is given in order, each piece
 * at its time. It holds whatever the reader does not take; the calls of a test
 * are small.
 */
export class Flow {
  readonly #to: Socket;
  readonly #onWrite: (bytes: Buffer) => void;
  #pieces: Piece[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param onWrite Told of all bytes as they leave. */
  constructor(to: Socket, onWrite: (bytes: Buffer) => void = () => {}) {
    this.#to = to;
    this.#onWrite = onWrite;
  }

  /**
   * @param bytes `undefined` for the end.
   * @param afterMs Not before so many milliseconds, and not before what was given earlier; Infinity: not before `release`.
   */
  push(bytes: Buffer | undefined, afterMs: number): void {
    this.#pieces.push({ bytes, at: performance.now() + afterMs });
    this.#turn();
  }

  /** The same in pieces of so many bytes, one every so many milliseconds, after what waits already. */
  drip(bytes: Buffer, { size, everyMs }: { size: number; everyMs: number }): void {
    const now = performance.now();
    let at = Math.max(now, this.#pieces.at(-1)?.at ?? now);
    for (let from = 0; from < bytes.length; from += size) {
      at += everyMs;
      this.#pieces.push({ bytes: bytes.subarray(from, from + size), at });
    }
    this.#turn();
  }

  /** Lets go at once what was held back. */
  release(): void {
    this.#pieces = this.#pieces.map(({ bytes }) => ({ bytes, at: 0 }));
    this.#turn();
  }

  /** Forgets what was held back. */
  clear(): void {
    this.#pieces = [];
    clearTimeout(this.#timer);
  }

  #turn(): void {
    clearTimeout(this.#timer);
    for (let next = this.#pieces[0]; next; next = this.#pieces[0]) {
      const waitMs = next.at - performance.now();
      if (waitMs > 0) {
        if (waitMs < Infinity) this.#timer = setTimeout(() => this.#turn(), Math.ceil(waitMs));
        return;
      }
      this.#pieces.shift();
      if (!this.#to.writable) continue;
      if (next.bytes) {
        this.#onWrite(next.bytes);
        this.#to.write(next.bytes);
      } else {
        this.#to.end();
      }
    }
  }
}
