import type { WebSocket } from 'ws';
import { arrayLength } from '../../wire/index.ts';

/** Most to buffer in the socket, in bytes; the rest waits here. */
const highWater = 1024 * 1024;

/** Most to wait here, in characters; beyond, the connection is cut. */
const limit = 128 * 1024 * 1024;

/**
 * Outgoing messages of one connection. Sends the answers of one turn of the event loop together, as arrays of up to
 * `arrayLength` if the client accepts them. It is `full` while the client reads too slowly; no call starts meanwhile.
 */
export class Outbox {
  readonly #socket: WebSocket;
  readonly #arrays: boolean;
  readonly #onDrained: () => void;
  readonly #calls: { readonly size: number };
  #waiting: string[] = [];
  #length = 0;
  #scheduled = false;
  #drained: (() => void)[] = [];

  /** @param options.calls Those under way; a lone answer is sent at once. */
  constructor(
    socket: WebSocket,
    options: { arrays: boolean; onDrained: () => void; calls: { readonly size: number } },
  ) {
    this.#socket = socket;
    this.#arrays = options.arrays;
    this.#onDrained = options.onDrained;
    this.#calls = options.calls;
  }

  get full(): boolean {
    return this.#socket.bufferedAmount > highWater;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  send(message: string): void {
    this.#waiting.push(message);
    this.#length += message.length;
    if (this.#length > limit) this.#socket.terminate();
    else if (this.#length > arrayLength) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      // Each callback of this turn may answer a call, such as those of a pool's connections: wait for all of them.
      if (this.#calls.size > 1) setImmediate(this.#onTurn);
      else process.nextTick(this.#onTurn);
    }
  }

  /** Sends text that is not JSON (`PONG`); drops it if the client is not reading. */
  sendWord(word: string): void {
    if (this.#socket.bufferedAmount === 0) this.#socket.send(word);
  }

  flush(): void {
    while (this.#waiting.length > 0 && !this.full && this.#socket.readyState === this.#socket.OPEN) {
      const messages = this.#take();
      const text = messages.length > 1 ? `[${messages.join(',')}]` : (messages[0] ?? '');
      // The callback costs a tick: only where this may fill the socket.
      if (this.#socket.bufferedAmount + text.length * 3 > highWater / 2)
        this.#socket.send(text, this.#onWritten);
      else this.#socket.send(text);
    }
  }

  /** Resolves when it is not full, or the connection is closed. */
  drained(): Promise<void> {
    if (!this.full || this.#socket.readyState !== this.#socket.OPEN) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Call when the connection closes. */
  release(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  #take(): string[] {
    let length = 0;
    let count = 0;
    for (const message of this.#waiting) {
      if (count > 0 && (!this.#arrays || length + message.length > arrayLength)) break;
      length += message.length;
      count += 1;
    }
    this.#length -= length;
    if (count === this.#waiting.length) {
      const all = this.#waiting;
      this.#waiting = [];
      return all;
    }
    return this.#waiting.splice(0, count);
  }

  readonly #onTurn = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  readonly #onWritten = (): void => {
    if (this.full) return;
    this.flush();
    if (this.full) return;
    this.release();
    this.#onDrained();
  };
}
