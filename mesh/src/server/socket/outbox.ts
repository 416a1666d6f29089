import type { WebSocket } from 'ws';
import { arrayLength } from '../../wire/index.ts';

/** So much may wait to be sent before nothing more is read from the connection, in bytes. */
const highWater = 1024 * 1024;

/** So much, and the connection is cut: its reader is too slow for the answers that it has asked for, in bytes. */
const limit = 32 * 1024 * 1024;

/**
 * What goes out on one connection: all that one turn of the event loop answers,
 * in one message where the other side takes arrays. While the other side reads
 * slower than it asks, nothing more is read from it, so that it cannot grow the
 * memory of this process.
 */
export class Outbox {
  readonly #socket: WebSocket;
  readonly #arrays: boolean;
  #waiting: string[] = [];
  #length = 0;
  #paused = false;
  #onDrained: (() => void)[] = [];

  constructor(socket: WebSocket, { arrays }: { arrays: boolean }) {
    this.#socket = socket;
    this.#arrays = arrays;
  }

  /** Sends one message, with the others of this turn. */
  send(message: string): void {
    if (this.#waiting.length === 0) process.nextTick(this.#flush);
    else if (this.#length + message.length > arrayLength) this.#flush();
    this.#waiting.push(message);
    this.#length += message.length;
  }

  /** Sends what waits, now. */
  flush(): void {
    this.#flush();
  }

  /** Lets go of those who wait for it to drain. */
  release(): void {
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }

  /** Resolves when the other side has read enough for more, or is gone. */
  drained(): Promise<void> {
    if (!this.#paused || this.#socket.readyState !== this.#socket.OPEN) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  readonly #flush = (): void => {
    const messages = this.#waiting;
    if (messages.length === 0) return;
    this.#waiting = [];
    this.#length = 0;
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#arrays && messages.length > 1) this.#write(`[${messages.join(',')}]`);
    else for (const message of messages) this.#write(message);
  };

  #write(text: string): void {
    this.#socket.send(text, this.#onWritten);
    const { bufferedAmount } = this.#socket;
    if (bufferedAmount > limit) {
      this.#socket.terminate();
    } else if (bufferedAmount > highWater && !this.#paused) {
      this.#paused = true;
      this.#socket.pause();
    }
  }

  readonly #onWritten = (): void => {
    if (!this.#paused || this.#socket.bufferedAmount > highWater) return;
    this.#paused = false;
    this.#socket.resume();
    this.release();
  };
}
