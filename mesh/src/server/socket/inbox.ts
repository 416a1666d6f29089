import type { RawData, WebSocket } from 'ws';
import { closeCode, maxArrayMessages, maxMessageBytes } from '../../wire/index.ts';
import type { Calls } from './calls.ts';
import type { Liveness } from './liveness.ts';
import { readLongMessage } from './long-message.ts';
import { parseMessage, readMessages, WrongMessage, type SocketMessage } from './message.ts';
import type { Outbox } from './outbox.ts';

/** Most messages of one connection to start in one turn of the event loop. */
const perTurn = 256;

/** Waiting messages at which reading pauses. */
const maxWaiting = 16;

interface InboxOptions {
  readonly calls: Pick<Calls, 'begin'>;
  /** No call starts while it is full: the client has not read its answers. */
  readonly outbox: Pick<Outbox, 'full' | 'sendWord'>;
  readonly liveness: Pick<Liveness, 'heard'>;
  /** An invalid message, after which nothing more is delivered. */
  readonly onWrong: (fault: WrongMessage) => void;
  /** Takes the first message, if it must hold credentials. @throws WrongMessage */
  readonly takeFirst: ((message: unknown) => void) | undefined;
}

/**
 * Incoming messages of one connection. Validates a whole WebSocket message before any part of it starts. Delivers at most
 * `perTurn` parts per turn of the event loop, and none while the client does not read its answers; pauses reading meanwhile.
 */
export class Inbox {
  readonly #socket: WebSocket;
  readonly #options: InboxOptions;
  #takeFirst: InboxOptions['takeFirst'];
  #waiting: SocketMessage[] = [];
  #taken = 0;
  #resting = false;
  #closed = false;

  constructor(socket: WebSocket, options: InboxOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#takeFirst = options.takeFirst;
  }

  /** The listener of the socket. */
  readonly receive = (data: RawData, isBinary: boolean): void => {
    this.#options.liveness.heard = true;
    if (this.#closed) return;
    try {
      if (isBinary) throw new WrongMessage('it is binary', { code: closeCode.unsupported });
      // ws delivers a Buffer unless `binaryType` says otherwise.
      const bytes = data as Buffer;
      if (bytes.length > maxMessageBytes) this.#readLong(bytes);
      else this.#read(bytes.toString('utf8'));
    } catch (fault) {
      if (!(fault instanceof WrongMessage)) throw fault;
      this.close();
      this.#options.onWrong(fault);
    }
  };

  /** Delivers waiting messages while the client is ready for answers. */
  goOn(): void {
    while (this.#waiting.length > 0 && this.#mayBegin()) this.#begin(this.#waiting.shift() as SocketMessage);
    if (this.#waiting.length === 0 && !this.#resting && this.#socket.isPaused) this.#socket.resume();
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  #read(text: string): void {
    if (text === 'PING' || text === 'PONG') {
      this.#count();
      if (text === 'PING') this.#options.outbox.sendWord('PONG');
      return;
    }
    const parsed = parseMessage(text);
    const takeFirst = this.#takeFirst;
    this.#takeFirst = undefined;
    if (takeFirst) takeFirst(parsed);
    else for (const message of readMessages(parsed)) this.#take(message);
  }

  /** Refuses only the calls in a message that is too long. */
  #readLong(bytes: Buffer): void {
    const messages = this.#takeFirst ? undefined : readLongMessage(bytes, maxArrayMessages);
    if (!messages)
      throw new WrongMessage(`it is longer than ${maxMessageBytes} bytes`, { code: closeCode.tooLong });
    for (const message of messages) this.#take(message);
  }

  #take(message: SocketMessage): void {
    if (this.#closed) return;
    if (this.#waiting.length === 0 && this.#mayBegin()) this.#begin(message);
    else if (this.#waiting.push(message) === maxWaiting) this.#socket.pause();
  }

  #mayBegin(): boolean {
    return !this.#resting && !this.#options.outbox.full;
  }

  #begin(message: SocketMessage): void {
    this.#count();
    this.#options.calls.begin(message);
  }

  /** Yields to other connections after `perTurn` messages. */
  #count(): void {
    this.#taken += 1;
    if (this.#taken < perTurn || this.#resting) return;
    this.#resting = true;
    this.#socket.pause();
    setImmediate(this.#onNextTurn);
  }

  readonly #onNextTurn = (): void => {
    this.#taken = 0;
    this.#resting = false;
    this.goOn();
  };
}
