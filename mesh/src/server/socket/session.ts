import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Caller } from '../../contract/index.ts';
import type { Authenticate, Credentials } from '../../identity/index.ts';
import { arraySubprotocol, closeCode, MeshError, reconnectMessage, socketPath } from '../../wire/index.ts';
import type { AccessControl } from '../access/access-control.ts';
import type { Revocations } from '../call/expiry.ts';
import type { Peer } from '../call/peer.ts';
import { lingerMs } from '../http/broken-request.ts';
import { credentialsIn } from '../http/connection-params.ts';
import type { Link } from '../http/stall.ts';
import type { OpenPerCaller } from '../limits/per-caller.ts';
import { Calls, type CallsConnection, type CallsOptions } from './calls.ts';
import { Inbox } from './inbox.ts';
import { Liveness } from './liveness.ts';
import { isObject, WrongMessage, type SocketMessage } from './message.ts';
import { Outbox } from './outbox.ts';
import { OwnCredentials } from './own-credentials.ts';

/** How long a connection may be used after it was asked to go, in milliseconds: what was sent before that was read gets its answer. */
const graceMs = 500;

/** The longest reason that a close frame holds, in bytes (RFC 6455 §5.5). */
const longestReason = 123;

/** What every connection of a service needs. */
export interface SessionOptions extends CallsOptions {
  readonly authenticate: Authenticate;
  /** Is told of invalid credentials. */
  readonly access: AccessControl;
  /** Who says that a token was revoked. @default nobody does */
  readonly revocations: Revocations | undefined;
  /** Counts the connections of each caller. */
  readonly perCaller: OpenPerCaller;
}

/** Who opened a connection. */
export interface Opener {
  /** What it was opened with; `undefined` if they come in its first message. */
  readonly credentials: Credentials | undefined;
  /** Whom they prove it to be; nobody until they come. */
  readonly caller: Caller;
  readonly peer: Peer;
  /** Whom limits count it for, as `limitKeyOf` says. @default they do not count it */
  readonly limitKey?: string | undefined;
  /** The TCP connection below. @default none, as in memory */
  readonly link?: Link;
}

/** Why a connection is closed, once what is under way is answered. */
type Farewell = Readonly<{ code: number; reason?: string; rejected?: MeshError }>;

/**
 * One connection, from its opening to its end. Who opened it was proved then, and is asked again for each call. When
 * that is no longer in force, the connection is closed, so that its client opens another with fresh credentials.
 */
export class Session implements CallsConnection {
  readonly peer: Peer;
  readonly limitKey: string | undefined;
  readonly credentials: OwnCredentials;
  readonly outbox: Outbox;
  readonly #socket: WebSocket;
  readonly #access: AccessControl;
  readonly #inbox: Inbox;
  readonly #calls: Calls;
  readonly #liveness: Liveness;
  #farewell: Farewell | undefined;
  /** Whether it is closed as soon as nothing is under way. */
  #ending = false;
  readonly #graceOver = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();

  constructor(
    socket: WebSocket,
    options: SessionOptions,
    { credentials, caller, peer, limitKey, link }: Opener,
  ) {
    this.peer = peer;
    this.limitKey = limitKey;
    this.#socket = socket;
    this.#access = options.access;
    this.credentials = new OwnCredentials({
      authenticate: options.authenticate,
      revocations: options.revocations,
      onOver: ({ message }) => this.#leave({ code: closeCode.unauthorized, reason: message }),
    });
    if (credentials) this.credentials.accept(credentials, caller);
    this.#liveness = new Liveness(link, (payload) => {
      if (socket.readyState === socket.OPEN) socket.ping(payload);
    });
    this.outbox = new Outbox(socket, {
      arrays: socket.protocol === arraySubprotocol,
      onDrained: () => {
        this.#inbox.goOn();
        this.onDone();
      },
      mayFollow: () => this.#calls.size > 1,
    });
    this.#calls = new Calls(options, this);
    this.#inbox = new Inbox(socket, {
      ready: () => !this.outbox.full,
      onMessage: (message) => this.#begin(message),
      onPing: () => this.outbox.sendWord('PONG'),
      onWrong: (fault) => {
        options.mistakes?.add(limitKey);
        this.putOut(fault, fault.closeCode, fault.id);
      },
      takeFirst: credentials ? undefined : (message) => this.#takeCredentials(message),
    });
    socket.on('message', (data, isBinary) => {
      this.#liveness.heard = true;
      this.#inbox.receive(data, isBinary);
    });
    socket.on('pong', (payload) => this.#liveness.answered(payload));
    socket.on('error', (error) => options.log.debug({ reason: error.message }, 'a connection failed'));
    socket.on('close', () => {
      this.credentials[Symbol.dispose]();
      this.#graceOver.resolve();
      this.#calls.cancelAll();
      this.outbox.release();
      this.#closed.resolve();
    });
  }

  /** Resolves when the connection is closed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get renewing(): boolean {
    return this.#farewell?.code === closeCode.unauthorized;
  }

  get graceOver(): Promise<void> {
    return this.#graceOver.promise;
  }

  /** Looks whether it lives, which is to be done every `beatMs`. @returns `false` where it is dead, or does not read. */
  beat(): boolean {
    return this.#liveness.beat(this.outbox.full);
  }

  /** Ends it without a word. */
  terminate(): void {
    this.#socket.terminate();
  }

  /**
   * Asks the other side to go elsewhere, begins for a moment what it still
   * sends, and closes when all that was begun is answered.
   */
  drain(): void {
    this.#leave({ code: closeCode.drained });
  }

  #begin(message: SocketMessage): void {
    if (this.#ending && this.#farewell?.code === closeCode.drained) return;
    // Without an answer, its caller is to have no connection either.
    this.#calls.begin(message, () => this.#socket.terminate());
  }

  /** The first message of a client that can set no headers: `wsLink` with `connectionParams`. @throws WrongMessage */
  #takeCredentials(message: unknown): void {
    if (!isObject(message) || message['method'] !== 'connectionParams')
      throw new WrongMessage('`connectionParams` must come first');
    try {
      void this.#prove(credentialsIn(message['data']));
    } catch (fault) {
      throw fault instanceof MeshError ? new WrongMessage(fault.message) : fault;
    }
  }

  /** As tRPC's adapter does where `createContext` throws: an error of no id, and the end of the connection. */
  async #prove(credentials: Credentials): Promise<void> {
    const rejected = await this.credentials.prove(credentials);
    if (rejected) this.#leave({ code: closeCode.unauthorized, rejected });
  }

  #leave(farewell: Farewell): void {
    if (this.#farewell) return;
    this.#farewell = farewell;
    // A client that was never let in is not asked to come back at once: tRPC's clients wait longer each time.
    if (!farewell.rejected) this.outbox.send(reconnectMessage);
    this.outbox.flush();
    const grace = setTimeout(() => {
      this.#ending = true;
      this.#graceOver.resolve();
      this.onDone();
    }, graceMs);
    void this.closed.then(() => clearTimeout(grace));
  }

  /** Closes it, where it is to be closed and nothing is under way any more. */
  onDone(): void {
    if (!this.#ending || this.#calls.size > 0) return;
    this.outbox.flush();
    // A slow reader has not got all of its answers yet.
    if (!this.outbox.empty) return;
    this.#ending = false;
    this.#inbox.close();
    const { code = closeCode.drained, reason = '', rejected } = this.#farewell ?? {};
    if (!rejected) return this.#socket.close(code, reason.slice(0, longestReason));
    // Each call that they were presented for has told of them.
    if (!this.#calls.refusedCredentials)
      this.#access.refused(rejected, socketPath, { requestId: randomUUID(), peer: this.peer });
    this.putOut(rejected, code);
  }

  /** Says what is wrong, and closes. What follows is not looked at; after a moment the connection is cut. */
  readonly putOut = (failure: MeshError, code: number, id: number | string | null = null): void => {
    this.#inbox.close();
    this.#calls.fail(id, failure);
    this.outbox.flush();
    this.#socket.close(code, failure.message.slice(0, longestReason));
    const cut = setTimeout(() => this.#socket.terminate(), lingerMs);
    void this.closed.then(() => clearTimeout(cut));
  };
}
