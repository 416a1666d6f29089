import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnyTRPCProcedure } from '@trpc/server';
import type { TRPCRequestInfo } from '@trpc/server/http';
import type { Caller } from '../../contract/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { BoundCall } from '../call/bound-call.ts';
import type { IdempotencyClaim } from '../call/idempotency-claim.ts';
import { CallOrigin } from '../call/origin.ts';
import type { Peer } from '../call/peer.ts';

/**
 * What the `createContext` of a router gets: what tRPC's adapters give (`req`, `res`, `info`), and what the mesh knows of
 * the call. Like there, the calls of one HTTP request share a context. Over a WebSocket each call gets its own, because
 * each has its own caller and deadline.
 */
export interface RouterContextOptions {
  /** The HTTP request; over a WebSocket, its upgrade. */
  readonly req: IncomingMessage;
  /** Over a WebSocket, a response that is not sent. */
  readonly res: ServerResponse;
  /** As in tRPC. Over a WebSocket, it has the `connectionParams` and no `calls`. */
  readonly info: TRPCRequestInfo;
  /** The verified caller: a user, a service, a service for a user, or anonymous. */
  readonly caller: Caller;
  /** Id of the request in the logs. */
  readonly requestId: string;
  readonly peer: Peer;
  /** Adds the procedure and the request id to each line. */
  readonly log: Logger;
  /** A header of the request or WebSocket message, except credentials. @param name In lower case. */
  readonly header: (name: string) => string | undefined;
  /** Starts work that the answer does not wait for; a stopping service does. */
  readonly inBackground: (work: () => Promise<unknown>) => void;
  /** Set for a `by-key` procedure whose caller sent a key. */
  readonly claim: IdempotencyClaim | undefined;
}

/** Makes the context of a router. */
export type CreateRouterContext<Context> = (options: RouterContextOptions) => Context | Promise<Context>;

interface Asked {
  readonly procedure: AnyTRPCProcedure;
  readonly signal: AbortSignal;
  readonly getRawInput: () => Promise<unknown>;
}

/** Returns the context of a call, which the calls of one HTTP request share. */
export function contextOf(
  call: BoundCall,
  createContext: CreateRouterContext<unknown>,
  asked: Asked,
): Promise<unknown> {
  const origin = call.raw.origin ?? new CallOrigin();
  origin.creating ??= create(origin);
  return origin.creating;

  async function create(own: CallOrigin): Promise<unknown> {
    own.context = await createContext(new ContextOptions(call, own, asked));
    return own.context;
  }
}

class ContextOptions implements RouterContextOptions {
  readonly #call: BoundCall;
  readonly #origin: CallOrigin;
  readonly #asked: Asked;

  constructor(call: BoundCall, origin: CallOrigin, asked: Asked) {
    this.#call = call;
    this.#origin = origin;
    this.#asked = asked;
  }

  get req(): IncomingMessage {
    return this.#origin.request;
  }

  get res(): ServerResponse {
    return this.#origin.response;
  }

  get info(): TRPCRequestInfo {
    const { info, connectionParams, isHttp } = this.#origin;
    if (info) return info;
    const { procedure, signal, getRawInput } = this.#asked;
    const { path, kind } = this.#call;
    if (!isHttp)
      return {
        connectionParams,
        signal,
        calls: [],
        isBatchCall: false,
        accept: null,
        type: 'unknown',
        url: null,
      };
    const result = (): unknown => this.#origin.input;
    return {
      connectionParams,
      signal,
      calls: [{ path, procedure, getRawInput, result, batchIndex: 0 }],
      isBatchCall: false,
      accept: null,
      type: kind,
      url: URL.parse(this.req.url ?? '/', `http://${this.req.headers.host ?? 'localhost'}`),
    };
  }

  get caller(): Caller {
    return this.#call.caller;
  }

  get requestId(): string {
    return this.#call.requestId;
  }

  get peer(): Peer {
    return this.#call.peer;
  }

  get log(): Logger {
    return this.#call.log;
  }

  get header(): RouterContextOptions['header'] {
    return this.#call.header;
  }

  get inBackground(): RouterContextOptions['inBackground'] {
    return this.#call.inBackground;
  }

  get claim(): IdempotencyClaim | undefined {
    return this.#call.claim;
  }
}
