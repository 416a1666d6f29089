import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { TRPCRequestInfo } from '@trpc/server/http';

interface OriginOptions {
  /** The HTTP request, or the upgrade of a WebSocket. @default an empty one, as in memory */
  readonly request?: IncomingMessage | undefined;
  readonly response?: ServerResponse | undefined;
  readonly connectionParams?: Record<string, string> | null | undefined;
  /** As tRPC's adapter has read the request. @default one call */
  readonly info?: TRPCRequestInfo | undefined;
}

/** What a call came with, for the `createContext` of a tRPC router. The calls of one HTTP request share it. */
export class CallOrigin {
  readonly info: TRPCRequestInfo | undefined;
  readonly connectionParams: Record<string, string> | null;
  /** The context, from the first call that has asked for it. */
  creating: Promise<unknown> | undefined;
  /** The context, once it is created: an error formatter gets it. */
  context: unknown;
  /** The input, once a procedure has read it: an error formatter gets it. */
  input: unknown;
  /** Whether it is an HTTP request with a response. */
  readonly isHttp: boolean;
  #request: IncomingMessage | undefined;
  #response: ServerResponse | undefined;

  constructor({ request, response, info, connectionParams = null }: OriginOptions = {}) {
    this.#request = request;
    this.#response = response;
    this.isHttp = response !== undefined;
    this.info = info;
    this.connectionParams = connectionParams;
  }

  get request(): IncomingMessage {
    this.#request ??= new IncomingMessage(new Socket());
    return this.#request;
  }

  /** Over a WebSocket and in memory, a response that is never sent. */
  get response(): ServerResponse {
    this.#response ??= new ServerResponse(this.request);
    return this.#response;
  }
}
