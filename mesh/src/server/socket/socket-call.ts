import type { Caller } from '../../contract/index.ts';
import { userTokenOf } from '../../identity/index.ts';
import { header, parseTimeout, parseTraceContext, type TraceContext } from '../../wire/index.ts';
import type { CallerSignal } from '../call/deadline.ts';
import type { Peer } from '../call/peer.ts';
import type { RawCall } from '../call/raw-call.ts';
import { headerOf, isObject, type SocketMessage } from './message.ts';
import type { OwnCredentials } from './own-credentials.ts';

/** The connection that a call came over. */
interface Connection {
  readonly peer: Peer;
  readonly credentials: OwnCredentials;
}

/** A message as the call that it asks for. What few calls need is read when it is asked for. */
export class SocketCall<Signal extends CallerSignal> implements RawCall<Signal> {
  readonly requestId: string;
  readonly signal: Signal;
  readonly connection: Connection;
  readonly #message: SocketMessage;

  constructor(
    message: SocketMessage,
    { requestId, signal, connection }: { requestId: string; signal: Signal; connection: Connection },
  ) {
    this.requestId = requestId;
    this.signal = signal;
    this.connection = connection;
    this.#message = message;
  }

  /** Asked for each call, so that a token that has expired or was revoked ends at once. */
  identify(): Caller | Promise<Caller> {
    return this.connection.credentials.callerOf(this.#message.headers?.[header.userToken]);
  }

  /** With the last event that the client has seen, as tRPC's adapter gives it to the procedure. */
  readInput(): unknown {
    const { input, lastEventId } = this.#message.params ?? {};
    if (lastEventId === undefined) return input;
    return isObject(input) ? { ...input, lastEventId } : (input ?? { lastEventId });
  }

  header(name: string): string | undefined {
    return headerOf(this.#message, name);
  }

  get userToken(): string | undefined {
    return userTokenOf(this.connection.credentials.of(this.#message.headers?.[header.userToken]));
  }

  get peer(): Peer {
    return this.connection.peer;
  }

  get anonymous(): boolean {
    return this.connection.credentials.anonymous;
  }

  get timeoutMs(): number | undefined {
    return parseTimeout(headerOf(this.#message, header.timeoutMs));
  }

  get idempotencyKey(): string | undefined {
    const key: unknown = this.#message.headers?.[header.idempotencyKey];
    // Refused, rather than taken for none at all.
    return key === undefined || typeof key === 'string' ? key : '';
  }

  get trace(): TraceContext | undefined {
    const message = this.#message;
    return parseTraceContext(headerOf(message, header.traceparent), headerOf(message, header.tracestate));
  }
}
