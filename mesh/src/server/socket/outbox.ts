import type { WebSocket } from 'ws';
import { arrayLength } from '../../wire/index.ts';

/** So much is given to the connection at a time, in bytes; the rest waits here until it has left. */
const highWater = 1024 * 1024;

/** So much may wait here, in characters; beyond, the connection is cut. */
const limit = 128 * 1024 * 1024;

/**
 * What goes out on one connection: all that one turn of the event loop answers,
 * in messages of some kilobytes where the other side takes arrays. While the
 * other side reads slower than it asks, it is `full`, and nothing new is begun
 * for it.
 */
export class Outbox {
  readonly #socket: WebSocket;
  readonly #arrays: boolean;
  readonly #onDrained: () => void;
  readonly #mayFollow: () => boolean;
  #waiting: string[] = [];
  #length = 0;
  #scheduled = false;
  #drained: (() => void)[] = [];

  /**
   * @param options.onDrained Called when it is not full any more.
   * @param options.mayFollow Whether more calls than the one that is answered are under way. One alone waits for no turn.
   */
  constructor(
    socket: WebSocket,
    options: { arrays: boolean; onDrained: () => void; mayFollow: () => boolean },
  ) {
    this.#socket = socket;
    this.#arrays = options.arrays;
    this.#onDrained = options.onDrained;
    this.#mayFollow = options.mayFollow;
  }

  /** Whether more waits than the other side has taken. */
  get full(): boolean {
    return this.#socket.bufferedAmount > highWater;
  }

  /** Whether nothing waits here. */
  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Sends one message, with the others of this turn. */
  send(message: string): void {
    this.#waiting.push(message);
    this.#length += message.length;
    if (this.#length > limit) this.#socket.terminate();
    else if (this.#length > arrayLength) this.flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      // Not at the end of this callback, where more may follow in this turn: those of a pool's connections, which are read in
      // one turn, each answer one call.
      if (this.#mayFollow()) setImmediate(this.#onTurn);
      else process.nextTick(this.#onTurn);
    }
  }

  /** Sends a word that is no JSON; drops it where the other side does not read. */
  sendWord(word: string): void {
    if (this.#socket.bufferedAmount === 0) this.#socket.send(word);
  }

  /** Sends what waits, as far as the connection takes it. */
  flush(): void {
    while (this.#waiting.length > 0 && !this.full && this.#socket.readyState === this.#socket.OPEN) {
      const messages = this.#take();
      const text = messages.length > 1 ? `[${messages.join(',')}]` : (messages[0] ?? '');
      // Only what may fill the connection says when it has left: that costs a tick of its own.
      if (this.#socket.bufferedAmount + text.length * 3 > highWater / 2)
        this.#socket.send(text, this.#onWritten);
      else this.#socket.send(text);
    }
  }

  /** Resolves when the other side has read enough for more, or is gone. */
  drained(): Promise<void> {
    if (!this.full || this.#socket.readyState !== this.#socket.OPEN) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Lets go of those who wait: the connection is gone. */
  release(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** The messages that go together: several for who takes arrays, up to some kilobytes. */
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
