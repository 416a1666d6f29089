import type { Caller } from '../../contract/index.ts';
import { userTokenOf, type Credentials } from '../../identity/index.ts';
import { header, parseTimeout, parseTraceContext, type TraceContext } from '../../wire/index.ts';
import type { Invocation } from '../call/compile.ts';
import type { Peer } from '../call/peer.ts';
import type { InFlight } from './in-flight.ts';
import { headerOf, type SocketMessage } from './message.ts';

/** The connection that a call came over. */
interface Connection {
  readonly peer: Peer;
  readonly anonymous: boolean;
  credentialsOf(message: SocketMessage): Credentials;
  callerOf(message: SocketMessage): Caller | Promise<Caller>;
}

/** A message as the call that it asks for. Who makes it is looked up when it is its turn. */
export class SocketInvocation implements Invocation {
  declare caller: Caller;
  readonly requestId: string;
  readonly signal: InFlight;
  readonly connection: Connection;
  readonly #message: SocketMessage;

  constructor(
    message: SocketMessage,
    { requestId, signal, connection }: { requestId: string; signal: InFlight; connection: Connection },
  ) {
    this.requestId = requestId;
    this.signal = signal;
    this.connection = connection;
    this.#message = message;
  }

  /** @throws MeshError UNAUTHORIZED for credentials that are no good. */
  arrive(): Promise<void> | undefined {
    const found = this.connection.callerOf(this.#message);
    if (found instanceof Promise) return this.#learn(found);
    this.caller = found;
    return undefined;
  }

  async #learn(caller: Promise<Caller>): Promise<void> {
    this.caller = await caller;
  }

  get userToken(): string | undefined {
    return userTokenOf(this.connection.credentialsOf(this.#message));
  }

  get input(): unknown {
    return this.#message.params?.input;
  }

  get peer(): Peer {
    return this.connection.peer;
  }

  get anonymous(): boolean {
    return this.connection.anonymous;
  }

  get timeoutMs(): number | undefined {
    return parseTimeout(headerOf(this.#message, header.timeoutMs));
  }

  get idempotencyKey(): string | undefined {
    const key: unknown = this.#message.headers?.[header.idempotencyKey];
    // Refused, rather than taken for none at all.
    return key === undefined || typeof key === 'string' ? key : '';
  }

  /** Read when asked for: most handlers call nobody. */
  get trace(): TraceContext | undefined {
    const message = this.#message;
    return parseTraceContext(headerOf(message, header.traceparent), headerOf(message, header.tracestate));
  }
}
