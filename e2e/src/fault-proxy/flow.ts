import type { Socket } from 'node:net';

/** Bytes in one direction, or their end. */
type Piece = Readonly<{ bytes: Buffer | undefined; at: number }>;

/**
 * One direction of a connection: writes pieces in order, each at its time. It buffers without limit, because
 * the calls of a test are small.
 */
export class Flow {
  readonly #to: Socket;
  readonly #onWrite: (bytes: Buffer) => void;
  #pieces: Piece[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param onWrite Called with all bytes as they leave. */
  constructor(to: Socket, onWrite: (bytes: Buffer) => void = () => {}) {
    this.#to = to;
    this.#onWrite = onWrite;
  }

  /**
   * @param bytes `undefined` for the end.
   * @param afterMs Earliest time, in milliseconds from now, and never before earlier pieces; Infinity means
   * not before `release`.
   */
  push(bytes: Buffer | undefined, afterMs: number): void {
    this.#pieces.push({ bytes, at: performance.now() + afterMs });
    this.#turn();
  }

  /** The same in pieces of `size` bytes, one every `everyMs` milliseconds, after what is already waiting. */
  drip(bytes: Buffer, { size, everyMs }: { size: number; everyMs: number }): void {
    const now = performance.now();
    let at = Math.max(now, this.#pieces.at(-1)?.at ?? now);
    for (let from = 0; from < bytes.length; from += size) {
      at += everyMs;
      this.#pieces.push({ bytes: bytes.subarray(from, from + size), at });
    }
    this.#turn();
  }

  /** Releases at once what was held back. */
  release(): void {
    this.#pieces = this.#pieces.map(({ bytes }) => ({ bytes, at: 0 }));
    this.#turn();
  }

  /** Drops what was held back. */
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
