import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../contract/index.ts';
import { userTokenOf, type Authenticate, type Credentials } from '../../identity/index.ts';
import { header, parseTimeout, parseTraceContext, type TraceContext } from '../../wire/index.ts';
import type { Invocation } from '../call/compile.ts';
import { credentialsIn } from './connection-params.ts';
import type { CallerSignal } from '../call/deadline.ts';
import type { Peer, PeerOf } from '../call/peer.ts';
import { readInput, type InputSource } from './plain-call.ts';
import type { RequestContext } from '../trpc/router.ts';

/** What is known of a request before its context is made. */
interface Arrived {
  readonly requestId: string;
  /** How many calls it makes. */
  readonly calls: number;
  /** The `connectionParams` of its URL, where it may present its credentials so. */
  readonly params: unknown;
}

/**
 * Reads who calls, for how long, and as part of which trace. Headers with credentials go before those of a URL.
 *
 * @throws MeshError UNAUTHORIZED for credentials that are no good; none at all are no error here.
 * @throws MeshError BAD_REQUEST as `credentialsIn`.
 */
export async function readContext(
  request: IncomingMessage,
  { requestId, calls, params }: Arrived,
  { authenticate, peerOf }: { authenticate: Authenticate; peerOf: PeerOf },
): Promise<RequestContext> {
  const inHeaders = credentialsOf(request);
  const showsNone = inHeaders.authorization === undefined && inHeaders.userToken === undefined;
  const credentials = showsNone ? credentialsIn(params) : inHeaders;
  return {
    caller: await authenticate(credentials),
    userToken: userTokenOf(credentials),
    requestId,
    trace: traceOf(request),
    timeoutMs: parseTimeout(textOf(request, header.timeoutMs)),
    idempotencyKey: keyOf(request, calls),
    peer: peerOf(request),
    connection: request.socket,
  };
}

/** What a request needs to become a call. */
interface HttpArrival {
  readonly requestId: string;
  readonly signal: CallerSignal;
  readonly source: InputSource;
  readonly authenticate: Authenticate;
  readonly peerOf: PeerOf;
}

/**
 * A request as the call that it asks for. Credentials and body are read when it is its turn; trace and time when asked
 * for: most handlers call nobody.
 */
export class HttpInvocation implements Invocation {
  readonly requestId: string;
  declare caller: Caller;
  input: unknown;
  readonly signal: CallerSignal;
  readonly #request: IncomingMessage;
  readonly #source: InputSource;
  readonly #authenticate: Authenticate;
  readonly #peerOf: PeerOf;

  constructor(request: IncomingMessage, { requestId, signal, source, authenticate, peerOf }: HttpArrival) {
    this.requestId = requestId;
    this.signal = signal;
    this.#request = request;
    this.#source = source;
    this.#authenticate = authenticate;
    this.#peerOf = peerOf;
  }

  /** @throws MeshError UNAUTHORIZED for credentials that are no good; else as `readInput`. */
  async arrive(): Promise<void> {
    const found = this.#authenticate(credentialsOf(this.#request));
    this.caller = found instanceof Promise ? await found : found;
    this.input = await readInput(this.#request, this.#source);
  }

  /** Requests that were sent one after the other, unanswered, share a turn as the messages of a WebSocket do. */
  get connection(): object {
    return this.#request.socket;
  }

  get peer(): Peer {
    return this.#peerOf(this.#request);
  }

  get userToken(): string | undefined {
    return userTokenOf(credentialsOf(this.#request));
  }

  get anonymous(): boolean {
    return this.#request.headers.authorization === undefined;
  }

  get timeoutMs(): number | undefined {
    return parseTimeout(textOf(this.#request, header.timeoutMs));
  }

  get trace(): TraceContext | undefined {
    return traceOf(this.#request);
  }

  get idempotencyKey(): string | undefined {
    return keyOf(this.#request, 1);
  }
}

/** What a request presents to prove who makes it. */
export function credentialsOf(request: IncomingMessage): Credentials {
  return {
    authorization: textOf(request, header.authorization),
    userToken: textOf(request, header.userToken),
  };
}

/** Several calls with one key would be answered with the first one's answer: theirs becomes what is no key. */
function keyOf(request: IncomingMessage, calls: number): string | undefined {
  const key = textOf(request, header.idempotencyKey);
  return key !== undefined && calls > 1 ? '' : key;
}

function traceOf(request: IncomingMessage): TraceContext | undefined {
  return parseTraceContext(textOf(request, header.traceparent), textOf(request, header.tracestate));
}

/** A header that was sent once. */
export function textOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
