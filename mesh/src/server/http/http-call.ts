import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../../contract/index.ts';
import { userTokenOf, type Authenticate } from '../../identity/index.ts';
import { header, type TraceContext } from '../../wire/index.ts';
import { parseTimeout, type CallerSignal } from '../call/deadline.ts';
import { CallOrigin } from '../call/origin.ts';
import type { Peer, PeerOf } from '../call/peer.ts';
import type { RawCall } from '../call/raw-call.ts';
import type { WireFormat } from '../call/wire-format.ts';
import { readInput, type InputSource } from './plain-call.ts';
import { credentialsOf, keyOf, textOf, traceOf } from './request-headers.ts';

interface HttpCallOptions {
  readonly requestId: string;
  readonly signal: CallerSignal;
  readonly source: InputSource;
  readonly authenticate: Authenticate;
  readonly peerOf: PeerOf;
  readonly response: ServerResponse;
  readonly format: WireFormat | undefined;
}

/** The call of an HTTP request. Headers that few calls need are read on demand. */
export class HttpCall implements RawCall {
  readonly requestId: string;
  readonly signal: CallerSignal;
  readonly #request: IncomingMessage;
  readonly #options: HttpCallOptions;
  #origin: CallOrigin | undefined;

  constructor(request: IncomingMessage, options: HttpCallOptions) {
    this.requestId = options.requestId;
    this.signal = options.signal;
    this.#request = request;
    this.#options = options;
  }

  identify(): Caller | Promise<Caller> {
    return this.#options.authenticate(credentialsOf(this.#request));
  }

  readInput(): unknown {
    return readInput(this.#request, this.#options.source, this.#options.format);
  }

  header(name: string): string | undefined {
    return textOf(this.#request, name);
  }

  get origin(): CallOrigin {
    this.#origin ??= new CallOrigin({ request: this.#request, response: this.#options.response });
    return this.#origin;
  }

  /** Pipelined requests share a turn, as the messages of a WebSocket do. */
  get connection(): object {
    return this.#request.socket;
  }

  get peer(): Peer {
    return this.#options.peerOf(this.#request);
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
