import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { arrayLength, closeCode, maxMessageBytes, type SocketRequest } from '../../../wire/index.ts';
import { localError } from '../../call-error.ts';
import type { Request } from '../../request.ts';
import { TransportError, type Answer } from '../transport.ts';
import { Pulse } from './pulse.ts';

/** A call that is given up sooner says nothing of the connection, in milliseconds. */
const longWaitMs = 1000;

/** Room for the id. */
const longestBody = maxMessageBytes - 32;

/** A call that waits for its answer. */
interface Pending {
  readonly request: Request;
  /** What had come in when it was sent, as the pulse says it. */
  heard: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** A WebSocket that is open, and the TCP connection below it. */
export type OpenedSocket = Readonly<{ socket: WebSocket; link: Link }>;

/** What is looked at of a TCP connection: how many bytes have come in, and whether it holds the process. */
export type Link = Pick<Socket, 'bytesRead' | 'ref' | 'unref'>;

/**
 * The mask of all zeros, with which neither end touches a byte; a random one
 * costs both of them a loop over each message. It is there to keep what an
 * attacker has put into a message from looking like HTTP to a proxy that knows
 * nothing of WebSockets (RFC 6455 §10.3). Ours are JSON, which holds no raw line
 * end, so they never do.
 */
export function leaveUnmasked(mask: Buffer): void {
  mask.fill(0);
}

/** The server has closed the connection and did nothing with a request: it may be sent on another. */
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
  /**
   * What waits for an answer, by an id of ours. Not a Map: one whose elements come and go leaves tables behind that point
   * at one another, and what was young when they were thrown away grows old with them; a dictionary does not.
   */
  readonly #pending: Record<number, Pending> = Object.create(null);
  #size = 0;
  #lastId = 0;
  readonly #pulse: Pulse;
  #waiting: { pending: Pending; text: string }[] = [];
  #length = 0;
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
    this.#pulse = new Pulse(link, {
      busy: () => this.#size > 0,
      ping: () => this.open && socket.ping(),
      onDead: () => socket.terminate(),
    });
    socket.on('message', (data) => this.#receive((data as Buffer).toString('utf8'), on.reconnect));
    socket.on('close', (code, reason) => {
      this.#pulse.stop();
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

  /** Whether the other side seems to be gone, without a word. */
  get suspect(): boolean {
    return this.#pulse.doubtful && this.#pulse.suspect;
  }

  /** For how long it was asked in vain for a sign of life, in milliseconds, where it is suspect; else 0. */
  get suspectForMs(): number {
    return this.#pulse.suspectForMs;
  }

  /** How much has come in so far, to be compared: it comes round at 4 GiB, as a larger number would be an object wherever it is kept. */
  get #heard(): number {
    return this.#link.bytesRead | 0;
  }

  send(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { path, input, kind: method, headers } = request;
      const message: Omit<SocketRequest, 'id'> = { method, params: { path, input }, headers };
      const body = JSON.stringify(message);
      // A character is three bytes at most.
      if (body.length * 3 > longestBody && Buffer.byteLength(body) > longestBody)
        throw localError('PAYLOAD_TOO_LARGE', `The call is longer than ${maxMessageBytes} bytes`);
      const pending = { request, heard: 0, resolve, reject };
      const id = this.#newId();
      this.#pending[id] = pending;
      if (++this.#size === 1) this.#link.ref();
      const text = `{"id":${id},${body.slice(1)}`;
      request.onCancel = () => this.#cancel(id);
      if (this.#waiting.length === 0) process.nextTick(this.#flush);
      else if (this.#length + text.length > arrayLength) this.#flush();
      this.#waiting.push({ pending, text });
      this.#length += text.length;
    });
  }

  /** Ids count up by one and begin again before 2^31, as larger ones are slow keys, at both ends. */
  #newId(): number {
    do this.#lastId = this.#lastId < 2 ** 31 - 1 ? this.#lastId + 1 : 1;
    while (this.#pending[this.#lastId]);
    return this.#lastId;
  }

  /** Sends nothing new, and closes when all that is under way is answered. */
  retire(): void {
    this.#retired = true;
    if (this.#size === 0) this.#part();
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
    const waiting = this.#waiting.filter(({ pending }) => !pending.request.cancelled);
    this.#waiting = [];
    this.#length = 0;
    const [first, ...rest] = waiting;
    if (!first || !this.open) return;
    const heard = this.#heard;
    for (const { pending } of waiting) {
      pending.request.sent = true;
      pending.heard = heard;
    }
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
    if (!pending) return;
    const { request, heard } = pending;
    if (request.sent && this.open) {
      this.#socket.send(JSON.stringify({ id, method: 'subscription.stop' }));
      const silent = heard === this.#heard;
      if (silent && performance.now() - request.startedAt >= longWaitMs) this.#pulse.doubt();
    }
    pending.reject(new Error('cancelled'));
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending[id];
    if (!pending) return undefined;
    delete this.#pending[id];
    pending.request.onCancel = undefined;
    if (--this.#size === 0) {
      this.#link.unref();
      if (this.#retired) this.#part();
    }
    return pending;
  }

  /** Nobody waits for anything on it any more; where nobody is at the other end, no farewell is waited for either. */
  #part(): void {
    if (this.suspect) this.#socket.terminate();
    else this.#socket.close(closeCode.done);
  }

  #lose(code: number, reason: string): void {
    const moved = (code === closeCode.drained || code === closeCode.unauthorized) && this.#leaving;
    for (const id of Object.keys(this.#pending)) {
      const pending = this.#take(Number(id));
      if (!pending) continue;
      const { request, reject } = pending;
      const why = `the connection was closed (${code}${reason === '' ? '' : `, ${reason}`})`;
      reject(moved ? new MovedError(why) : new TransportError(why, { reached: request.sent }));
    }
  }
}

/** What is looked at of a message that came in. */
type Received = {
  id?: unknown;
  method?: unknown;
  error?: { data?: { httpStatus?: number } };
};
