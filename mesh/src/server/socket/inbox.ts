import type { RawData, WebSocket } from 'ws';
import { closeCode, maxArrayMessages, maxMessageBytes } from '../../wire/index.ts';
import { readLongMessage } from './long-message.ts';
import { parseMessage, readMessages, WrongMessage, type SocketMessage } from './message.ts';

/** Messages that one connection may begin in one turn of the event loop, before the others have theirs. */
const perTurn = 256;

/** Messages that wait before nothing more is read. */
const maxWaiting = 16;

/** What an inbox hands on. */
interface InboxOptions {
  /** Whether the other side has read what it was answered, so that more may be begun for it. */
  readonly ready: () => boolean;
  readonly onMessage: (message: SocketMessage) => void;
  /** A sign of life that `wsLink` asks for. */
  readonly onPing: () => void;
  /** Something else came; nothing more is handed on. */
  readonly onWrong: (fault: WrongMessage) => void;
  /** Takes what comes first, where credentials are to come so. @throws WrongMessage */
  readonly takeFirst: ((message: unknown) => void) | undefined;
}

/**
 * What comes in on one connection. A WebSocket message is read to its end
 * before any of it is begun, so that nothing is done with one that is wrong.
 * Then its parts are handed on, at most 256 in a turn of the event loop, and none
 * while the other side does not read its answers; the connection is not read
 * meanwhile.
 */
export class Inbox {
  readonly #socket: WebSocket;
  readonly #options: InboxOptions;
  #takeFirst: InboxOptions['takeFirst'];
  #waiting: SocketMessage[] = [];
  /** What was handed on since the connection rested. */
  #taken = 0;
  #resting = false;
  #closed = false;

  constructor(socket: WebSocket, options: InboxOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#takeFirst = options.takeFirst;
  }

  /** Takes one WebSocket message in. */
  receive(data: RawData, isBinary: boolean): void {
    if (this.#closed) return;
    try {
      if (isBinary) throw new WrongMessage('it is binary', { code: closeCode.unsupported });
      // As ws gives it by default; the other forms are for options that are not set here.
      const bytes = data as Buffer;
      if (bytes.length > maxMessageBytes) this.#readLong(bytes);
      else this.#read(bytes.toString('utf8'));
    } catch (fault) {
      if (!(fault instanceof WrongMessage)) throw fault;
      this.close();
      this.#options.onWrong(fault);
    }
  }

  /** Hands on what waits, as far as the other side is ready for answers. */
  goOn(): void {
    while (this.#waiting.length > 0 && this.#mayBegin()) this.#begin(this.#waiting.shift() as SocketMessage);
    if (this.#waiting.length === 0 && !this.#resting && this.#socket.isPaused) this.#socket.resume();
  }

  /** Hands nothing on from now on, and drops what waits. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  #read(text: string): void {
    if (text === 'PING' || text === 'PONG') {
      this.#count();
      if (text === 'PING') this.#options.onPing();
      return;
    }
    const parsed = parseMessage(text);
    const takeFirst = this.#takeFirst;
    this.#takeFirst = undefined;
    if (takeFirst) takeFirst(parsed);
    else for (const message of readMessages(parsed)) this.#take(message);
  }

  /** One that is too long is refused to those who wait for an answer to it, and to nobody else. */
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
    return !this.#resting && this.#options.ready();
  }

  #begin(message: SocketMessage): void {
    this.#count();
    this.#options.onMessage(message);
  }

  /** Lets others have a turn when this connection has had its own. */
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
