import type { WebSocket } from 'ws';
import {
  arrayLength,
  closeCode,
  maxInFlight,
  maxMessageBytes,
  type SocketRequest,
} from '../../wire/index.ts';
import { localError } from '../call-error.ts';
import { TransportError, type Answer, type Attempt } from '../transport.ts';
import type { Link, OpenedSocket } from './open.ts';
import { Slots } from './slots.ts';

/** How often the other side must show a sign of life, in milliseconds. */
const pingIntervalMs = 10_000;

/** Room for the id. */
const longestBody = maxMessageBytes - 32;

/** A call that waits for its answer. */
interface Pending {
  readonly attempt: Attempt;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** The server stops and did nothing with an attempt: it may be sent elsewhere. */
export class MovedError extends Error {}

/**
 * One open WebSocket to a service: sends all calls of one turn of the event
 * loop in one message, and hands out the answers.
 */
export class SocketConnection {
  /** The `authorization` that it was opened with. */
  readonly authorization: string | undefined;
  readonly #socket: WebSocket;
  readonly #link: Link;
  readonly #pending = new Slots<Pending>();
  readonly #heartbeat: NodeJS.Timeout;
  #waiting: { pending: Pending; text: string }[] = [];
  #length = 0;
  /** Bytes that had come in when it was last looked at. */
  #seenBytes = -1;
  #retired = false;
  #leaving = false;

  /**
   * @param opened Its TCP connection holds the process only while a call is under way.
   * @param on.reconnect The server asks to go elsewhere with new calls.
   * @param on.close It is closed.
   */
  constructor(
    { socket, link }: OpenedSocket,
    { authorization, ...on }: { authorization: string | undefined; reconnect: () => void; close: () => void },
  ) {
    this.authorization = authorization;
    this.#socket = socket;
    this.#link = link;
    link.unref();
    this.#heartbeat = setInterval(() => this.#beat(), pingIntervalMs).unref();
    socket.on('message', (data) => this.#receive((data as Buffer).toString('utf8'), on.reconnect));
    socket.on('close', (code, reason) => {
      clearInterval(this.#heartbeat);
      this.#lose(code, String(reason));
      on.close();
    });
  }

  get open(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Whether the server has asked for new calls to go elsewhere. */
  get leaving(): boolean {
    return this.#leaving;
  }

  /** Whether the server would refuse another call. */
  get full(): boolean {
    return this.#pending.size >= maxInFlight;
  }

  send(attempt: Attempt): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { path, input, kind: method, headers } = attempt;
      const request: Omit<SocketRequest, 'id'> = { method, params: { path, input }, headers };
      const body = JSON.stringify(request);
      // A character is three bytes at most.
      if (body.length * 3 > longestBody && Buffer.byteLength(body) > longestBody)
        throw localError('PAYLOAD_TOO_LARGE', `The call is longer than ${maxMessageBytes} bytes`);
      const pending = { attempt, resolve, reject };
      const id = this.#pending.add(pending);
      if (this.#pending.size === 1) this.#link.ref();
      const text = `{"id":${id},${body.slice(1)}`;
      attempt.onCancel = () => this.#cancel(id);
      if (this.#waiting.length === 0) process.nextTick(this.#flush);
      else if (this.#length + text.length > arrayLength) this.#flush();
      this.#waiting.push({ pending, text });
      this.#length += text.length;
    });
  }

  /** Sends nothing new, and closes when all that is under way is answered. */
  retire(): void {
    this.#retired = true;
    if (this.#pending.size === 0) this.#socket.close(closeCode.done);
  }

  /** Closes it; what is under way gets no answer. */
  async close(): Promise<void> {
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#link.ref();
    this.#socket.close(closeCode.done);
    // The other side may never answer the farewell.
    setTimeout(() => this.#socket.terminate(), 1000).unref();
    await closed;
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting.filter(({ pending }) => !pending.attempt.cancelled);
    this.#waiting = [];
    this.#length = 0;
    const [first, ...rest] = waiting;
    if (!first || !this.open) return;
    for (const { pending } of waiting) pending.attempt.sent = true;
    this.#socket.send(rest.length === 0 ? first.text : `[${waiting.map(({ text }) => text).join(',')}]`);
  };

  #receive(text: string, onReconnect: () => void): void {
    let messages: unknown;
    try {
      messages = JSON.parse(text);
    } catch {
      return this.#socket.close();
    }
    for (const message of Array.isArray(messages) ? messages : [messages]) {
      const { id, method, error } = (message ?? {}) as Received;
      if (id === null && method === 'reconnect') {
        this.#leaving = true;
        onReconnect();
      }
      if (typeof id === 'number')
        this.#settle(id, { status: error?.data?.httpStatus ?? 200, body: message, via: 'websocket' });
    }
  }

  #settle(id: number, answer: Answer): void {
    const pending = this.#take(id);
    // One that was called off in the meantime is nobody's.
    pending?.resolve(answer);
  }

  #cancel(id: number): void {
    const pending = this.#take(id);
    if (pending?.attempt.sent && this.open)
      this.#socket.send(JSON.stringify({ id, method: 'subscription.stop' }));
    pending?.reject(new Error('cancelled'));
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.take(id);
    if (!pending) return undefined;
    pending.attempt.onCancel = undefined;
    if (this.#pending.size === 0) {
      this.#link.unref();
      if (this.#retired) this.#socket.close(closeCode.done);
    }
    return pending;
  }

  /** Any byte is a sign of life: a long answer takes its time. */
  #beat(): void {
    const { bytesRead } = this.#link;
    if (bytesRead === this.#seenBytes) return this.#socket.terminate();
    this.#seenBytes = bytesRead;
    if (this.open) this.#socket.ping();
  }

  #lose(code: number, reason: string): void {
    const moved = code === closeCode.drained && this.#leaving;
    for (const { attempt, reject } of this.#pending.clear()) {
      attempt.onCancel = undefined;
      const why = `the connection was closed (${code}${reason === '' ? '' : `, ${reason}`})`;
      reject(moved ? new MovedError(why) : new TransportError(why, { reached: attempt.sent }));
    }
  }
}

/** What is looked at of a message that came in. */
type Received = {
  id?: unknown;
  method?: unknown;
  error?: { data?: { httpStatus?: number } };
};
