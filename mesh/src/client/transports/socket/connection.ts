import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { arrayLength, closeCode, maxMessageBytes, type SocketRequest } from '../../../wire/index.ts';
import { localError } from '../../call-error.ts';
import type { Request } from '../../request.ts';
import type { Answer } from '../transport.ts';
import { Pulse } from './pulse.ts';

/** Leaves room for the id. */
const longestBody = maxMessageBytes - 32;

/** A call without an answer yet. */
interface Pending {
  readonly request: Request;
  /** `#heard` when it was sent. */
  heard: number;
  readonly resolve: (answer: Answer | Promise<Answer>) => void;
  readonly reject: (error: Error) => void;
}

/** An open WebSocket and its TCP connection. */
export type OpenedSocket = Readonly<{
  socket: WebSocket;
  link: Link;
  /** Hash of the contract of the process at the other end, if it said so. */
  contract?: string | undefined;
}>;

/** The part of a TCP connection that is used here. */
export type Link = Pick<Socket, 'bytesRead' | 'ref' | 'unref'>;

/**
 * A mask of zeros, which saves both ends a loop over each message. Masks keep content chosen by an attacker from
 * looking like HTTP to a proxy (RFC 6455 §10.3). JSON holds no raw line break, so it never does.
 */
export function leaveUnmasked(mask: Buffer): void {
  mask.fill(0);
}

interface ConnectionOptions {
  readonly authorization: string | undefined;
  readonly reconnect: () => void;
  readonly lost: (request: Request, why: string, moved: boolean) => Promise<Answer>;
  readonly close: () => void;
}

/**
 * One open WebSocket to a service. Sends the calls of one turn of the event loop in one message, and hands out the
 * answers.
 */
export class SocketConnection {
  /** The `authorization` of its upgrade request. */
  readonly authorization: string | undefined;
  /** As in OpenedSocket. */
  readonly contract: string | undefined;
  readonly #socket: WebSocket;
  readonly #link: Link;
  /**
   * Calls without an answer, by id. Not a Map: one with many insertions and deletions leaves discarded tables that
   * reference one another, so the garbage collector promotes short-lived objects. A dictionary does not.
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
   * @param opened Its TCP connection keeps the process alive only during a call.
   * @param on.reconnect Called when the server asks for new calls to go elsewhere.
   * @param on.lost Answers a call in progress when the connection is lost; `moved` if the server did not start it.
   * @param on.close Called when it is closed.
   */
  constructor({ socket, link, contract }: OpenedSocket, { authorization, ...on }: ConnectionOptions) {
    this.authorization = authorization;
    this.contract = contract;
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
      this.#lose(code, String(reason), on.lost);
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

  /** Whether the other side seems to be gone without closing. */
  get suspect(): boolean {
    return this.#pulse.doubtful && this.#pulse.suspect;
  }

  /** Time since an unanswered ping, in milliseconds; 0 unless suspect. */
  get suspectForMs(): number {
    return this.#pulse.suspectForMs;
  }

  /** Received bytes, for comparison only: wraps at 4 GiB to stay a small integer, which needs no allocation. */
  get #heard(): number {
    return this.#link.bytesRead | 0;
  }

  send(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { path, input, kind: method, headers } = request;
      const message: Omit<SocketRequest, 'id'> = { method, params: { path, input }, headers };
      const body = JSON.stringify(message);
      // A UTF-16 code unit is at most three bytes.
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

  /** Closes when all calls in progress are answered; send no more. */
  retire(): void {
    this.#retired = true;
    if (this.#size === 0) this.#part();
  }

  /** Closes at once; calls in progress get no answer. */
  async close(): Promise<void> {
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#link.ref();
    this.#socket.close(closeCode.done);
    // The other side may never answer the close frame.
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
    // No effect if the call was cancelled meanwhile.
    this.#take(id)?.resolve(answer);
  }

  #cancel(id: number): void {
    const pending = this.#take(id);
    if (!pending) return;
    const { request, heard } = pending;
    if (request.sent && this.open) {
      this.#socket.send(JSON.stringify({ id, method: 'subscription.stop' }));
      if (heard === this.#heard) this.#pulse.doubt(performance.now() - request.startedAt);
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

  /** Closes an idle connection; does not wait for a suspect other side. */
  #part(): void {
    if (this.suspect) this.#socket.terminate();
    else this.#socket.close(closeCode.done);
  }

  #lose(code: number, reason: string, onLost: ConnectionOptions['lost']): void {
    const moved = (code === closeCode.drained || code === closeCode.unauthorized) && this.#leaving;
    const why = `the connection was closed (${code}${reason === '' ? '' : `, ${reason}`})`;
    for (const id of Object.keys(this.#pending)) {
      const pending = this.#take(Number(id));
      pending?.resolve(onLost(pending.request, why, moved));
    }
  }
}

/** The part of a received message that is read here. */
type Received = {
  id?: unknown;
  method?: unknown;
  error?: { data?: { httpStatus?: number } };
};
