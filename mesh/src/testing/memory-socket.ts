import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { arraySubprotocol } from '../wire/index.ts';

/** What a line in memory does with what is sent on it, both ways; may be changed at any time. */
export interface MemoryLine {
  /** How long each message takes, in milliseconds. @default 0 */
  delayMs: number;
  /** What never arrives: what the caller sends, or what it is answered. @default undefined, nothing */
  loses: 'requests' | 'answers' | undefined;
}

const closed = 3;

/**
 * One end of a WebSocket without a socket: what both ends of a connection use
 * of `ws`, and no more. Messages arrive in their order, each in a turn of its
 * own; without a delay no time passes.
 */
export class MemorySocket extends EventEmitter {
  readonly OPEN = 1;
  readonly CLOSED = closed;
  readonly protocol = arraySubprotocol;
  readonly bufferedAmount = 0;
  readyState = 1;
  isPaused = false;
  /** Bytes that have come in, as of a TCP connection. */
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

  /** Makes a connection: the caller's end, and the service's. */
  static pair(line: MemoryLine): { near: MemorySocket; far: MemorySocket } {
    const near = new MemorySocket(line, 'requests');
    const far = new MemorySocket(line, 'answers');
    near.peer = far;
    far.peer = near;
    return { near, far };
  }

  /** The same, as those take it who know of WebSockets only. */
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

  /** As if the process at this end were gone: the other one sees it at once. */
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

  // A connection in memory holds no process.
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
