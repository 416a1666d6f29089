import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { arraySubprotocol } from '../wire/index.ts';

/** Faults of a connection in memory; may be changed at any time. */
export interface MemoryLine {
  /** Delay of each message, in milliseconds. @default 0 */
  delayMs: number;
  /** Messages that never arrive. @default undefined, none */
  loses: 'requests' | 'answers' | undefined;
}

const closed = 3;

/**
 * One end of a WebSocket in memory, with the part of `ws` that the mesh uses. Messages arrive in order, each in its
 * own microtask; without a delay no time passes.
 */
export class MemorySocket extends EventEmitter {
  readonly OPEN = 1;
  readonly CLOSED = closed;
  readonly protocol = arraySubprotocol;
  readonly bufferedAmount = 0;
  readyState = 1;
  isPaused = false;
  /** Counts received messages; stands for the bytes of a TCP connection. */
  bytesRead = 0;
  readonly #line: MemoryLine;
  readonly #sends: 'requests' | 'answers';
  /** The other end. */
  declare peer: MemorySocket;
  #held: (() => void)[] = [];

  private constructor(line: MemoryLine, sends: 'requests' | 'answers') {
    super();
    this.#line = line;
    this.#sends = sends;
  }

  /** Creates a connection: the caller's end and the service's. */
  static pair(line: MemoryLine): { near: MemorySocket; far: MemorySocket } {
    const near = new MemorySocket(line, 'requests');
    const far = new MemorySocket(line, 'answers');
    near.peer = far;
    far.peer = near;
    return { near, far };
  }

  asWebSocket(): WebSocket {
    return this as unknown as WebSocket;
  }

  send(data: string | Buffer, onSent?: () => void): void {
    this.#pass(() => this.peer.#take('message', Buffer.from(data), false));
    if (onSent) queueMicrotask(onSent);
  }

  ping(payload: Buffer = Buffer.alloc(0)): void {
    this.#pass(() => {
      this.peer.#take('ping', payload);
      this.peer.#pass(() => this.#take('pong', payload));
    });
  }

  close(code = 1005, reason = ''): void {
    if (this.readyState === closed) return;
    this.#pass(() => this.peer.#end(code, reason));
    this.#end(code, reason);
  }

  /** Ends both sides at once, like a process that was killed. */
  terminate(): void {
    this.peer.#end(1006, '');
    this.#end(1006, '');
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    for (const take of this.#held.splice(0)) take();
  }

  // A connection in memory does not keep the process alive.
  ref(): void {}
  unref(): void {}

  #pass(arrive: () => void): void {
    const { delayMs, loses } = this.#line;
    if (loses === this.#sends) return;
    if (delayMs > 0) setTimeout(arrive, delayMs);
    else queueMicrotask(arrive);
  }

  #take(event: string, ...what: unknown[]): void {
    if (this.readyState === closed) return;
    if (this.isPaused) {
      this.#held.push(() => this.#take(event, ...what));
      return;
    }
    this.bytesRead += 1;
    this.emit(event, ...what);
  }

  #end(code: number, reason: string): void {
    if (this.readyState === closed) return;
    this.readyState = closed;
    queueMicrotask(() => this.emit('close', code, Buffer.from(reason)));
  }
}
