import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Caller } from '../../contract/index.ts';
import type { Authenticate, Credentials } from '../../identity/index.ts';
import {
  arraySubprotocol,
  closeCode,
  header,
  MeshError,
  parseContractHash,
  reconnectMessage,
  socketPath,
} from '../../wire/index.ts';
import { callerName, type AccessControl } from '../access/access-control.ts';
import type { Revocations } from '../call/expiry.ts';
import type { Peer } from '../call/peer.ts';
import { lingerMs } from '../http/broken-request.ts';
import { clientCertificateOf } from '../../tls/core.ts';
import { onTheWayMs } from '../http/drain.ts';
import { credentialsIn } from '../http/connection-params.ts';
import type { Link } from '../http/stall.ts';
import type { OpenPerCaller } from '../limits/per-caller.ts';
import { Calls, type CallsConnection, type CallsOptions } from './calls.ts';
import { Inbox } from './inbox.ts';
import { Liveness } from './liveness.ts';
import { isObject, WrongMessage } from './message.ts';
import { Outbox } from './outbox.ts';
import { OwnCredentials } from './own-credentials.ts';

/** Longest reason in a close frame, in bytes (RFC 6455 §5.5). */
const longestReason = 123;

/** What all connections of a service share. */
export interface SessionOptions extends CallsOptions {
  readonly authenticate: Authenticate;
  /** Records invalid credentials. */
  readonly access: AccessControl;
  readonly revocations: Revocations | undefined;
  readonly perCaller: OpenPerCaller;
}

/** The client that opened a connection. */
export interface Opener {
  /** `undefined` if they come in the first message. */
  readonly credentials: Credentials | undefined;
  /** `nobody` until the credentials arrive. */
  readonly caller: Caller;
  readonly peer: Peer;
  /** The key it is counted under (`limitKeyOf`). @default not counted */
  readonly limitKey?: string | undefined;
  /** @default none, as in memory */
  readonly link?: Link;
  /** Its upgrade. @default none, as in memory */
  readonly request?: IncomingMessage;
}

/** How to close once the calls under way are answered. */
type Farewell = Readonly<{ code: number; reason?: string; rejected?: MeshError }>;

/**
 * One connection. Its caller is authenticated on opening and again for each call. When its credentials become invalid, it
 * closes, so that the client reconnects with fresh ones.
 */
export class Session implements CallsConnection {
  readonly peer: Peer;
  readonly limitKey: string | undefined;
  readonly authenticate: Authenticate;
  readonly credentials: OwnCredentials;
  readonly outbox: Outbox;
  readonly request: IncomingMessage | undefined;
  /** Who opened it: a service's name, `user`, or `anyone`. */
  readonly caller: string;
  /** Hash of the contract that the client says it was built with. */
  readonly contract: string | undefined;
  connectionParams: Record<string, string> | null = null;
  readonly #socket: WebSocket;
  readonly #access: AccessControl;
  readonly #inbox: Inbox;
  readonly #calls: Calls;
  readonly #liveness: Liveness;
  #farewell: Farewell | undefined;
  readonly #graceOver = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();

  constructor(
    socket: WebSocket,
    options: SessionOptions,
    { credentials, caller, peer, limitKey, link, request }: Opener,
  ) {
    this.peer = peer;
    this.request = request;
    this.caller = callerName(caller);
    this.contract = parseContractHash(request?.headers[header.contract]);
    this.limitKey = limitKey;
    this.authenticate = options.authenticate;
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
    this.#calls = new Calls(options, this);
    this.outbox = new Outbox(socket, {
      arrays: socket.protocol === arraySubprotocol,
      calls: this.#calls,
      onDrained: () => {
        this.#inbox.goOn();
        this.#calls.onDone?.();
      },
    });
    this.#inbox = new Inbox(socket, {
      calls: this.#calls,
      outbox: this.outbox,
      liveness: this.#liveness,
      onWrong: (fault) => {
        options.mistakes?.add(limitKey);
        this.putOut(fault, fault.closeCode, fault.id);
      },
      takeFirst: credentials ? undefined : (message) => this.#takeCredentials(message),
    });
    socket.on('message', this.#inbox.receive);
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

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get renewing(): boolean {
    return this.#farewell?.code === closeCode.unauthorized;
  }

  get graceOver(): Promise<void> {
    return this.#graceOver.promise;
  }

  /** Call every `beatMs`. @returns `false` if the peer is dead or does not read. */
  beat(): boolean {
    return this.#liveness.beat(this.outbox.full);
  }

  readonly cut = (): void => this.#socket.terminate();

  /** Asks the client to reconnect, accepts calls for the grace period, and closes when all are answered. */
  drain(): void {
    this.#leave({ code: closeCode.drained });
  }

  /** The first message of a client that cannot set headers: `wsLink` with `connectionParams`. @throws WrongMessage */
  #takeCredentials(message: unknown): void {
    if (!isObject(message) || message['method'] !== 'connectionParams')
      throw new WrongMessage('`connectionParams` must come first');
    try {
      const params = message['data'];
      void this.#prove({
        ...credentialsIn(params),
        certificate: this.request && clientCertificateOf(this.request.socket),
      });
      this.connectionParams = params as Record<string, string> | null;
    } catch (fault) {
      throw fault instanceof MeshError ? new WrongMessage(fault.message) : fault;
    }
  }

  /** Invalid credentials get an error without id and a close, as when `createContext` throws in tRPC's adapter. */
  async #prove(credentials: Credentials): Promise<void> {
    const rejected = await this.credentials.prove(credentials);
    if (rejected) this.#leave({ code: closeCode.unauthorized, rejected });
  }

  #leave(farewell: Farewell): void {
    if (this.#farewell) return;
    this.#farewell = farewell;
    // Without a request to reconnect, tRPC's clients back off.
    if (!farewell.rejected) this.outbox.send(reconnectMessage);
    this.outbox.flush();
    const grace = setTimeout(() => {
      this.#calls.accepting = farewell.code !== closeCode.drained;
      this.#calls.onDone = this.#closeIfDone;
      this.#graceOver.resolve();
      this.#closeIfDone();
    }, onTheWayMs);
    void this.closed.then(() => clearTimeout(grace));
  }

  /** Closes once every call is answered. */
  readonly #closeIfDone = (): void => {
    if (this.#calls.size > 0) return;
    this.outbox.flush();
    // Answers still wait for a slow reader.
    if (!this.outbox.empty) return;
    this.#calls.onDone = undefined;
    this.#inbox.close();
    const { code = closeCode.drained, reason = '', rejected } = this.#farewell ?? {};
    if (!rejected) return this.#socket.close(code, reason.slice(0, longestReason));
    // Refused calls have already recorded them.
    if (!this.#calls.refusedCredentials)
      this.#access.refused(rejected, socketPath, { requestId: randomUUID(), peer: this.peer });
    this.putOut(rejected, code);
  };

  /** Sends an error and closes; ignores further messages and cuts the connection after `lingerMs`. */
  readonly putOut = (failure: MeshError, code: number, id: number | string | null = null): void => {
    this.#inbox.close();
    this.#calls.fail(id, failure);
    this.outbox.flush();
    this.#socket.close(code, failure.message.slice(0, longestReason));
    const timer = setTimeout(this.cut, lingerMs);
    void this.closed.then(() => clearTimeout(timer));
  };
}
