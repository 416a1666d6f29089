import type { Request } from '../request.ts';

export type TransportName = 'websocket' | 'http';

/**
 * Longest wait for a connection, in milliseconds; leaves time for another endpoint. A proxy without WebSockets may never
 * answer an upgrade.
 */
export const longestConnectMs = 2000;

/** Longest accepted answer, in bytes. */
export const maxAnswerBytes = 64 * 1024 * 1024;

/** Answer of a server; the body should be tRPC's. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly via: TransportName;
  /** `Retry-After`, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** What a transport says of contracts, and tells. */
export interface ContractTerms {
  /** Hash of the client's contract; `undefined` in the first moments of a client. */
  readonly ours: string | undefined;
  /** The process at the other end has said the hash of its contract. */
  heard(theirs: string): void;
}

/**
 * Carries requests to one endpoint of a service.
 *
 * `send` resolves with any answer, errors included. It throws TransportError if there is no answer, and any error if
 * the request was cancelled.
 */
export interface Transport {
  /** URL of the endpoint, for the log. */
  readonly url: string;
  /** Whether the endpoint is about to stop and asked for new calls to go elsewhere. */
  readonly leaving: boolean;
  /** Hash of the contract of the process at the other end, while it is certain to be the same process. */
  readonly contract?: string | undefined;
  /** Whether requests may reach several processes, so that only the process itself can refuse one. @default false */
  readonly shared?: boolean;
  send(request: Request): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * No answer came.
 *
 * @example
 * throw new TransportError('the endpoint closed the connection', { reached: true });
 */
export class TransportError extends Error {
  /** Whether the request may have been executed; if not, every call may be retried. */
  readonly reached: boolean;

  constructor(message: string, options: { reached: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'TransportError';
    this.reached = options.reached;
  }
}

/** Error of a request that was certainly not sent. */
export function notReached(message: string): TransportError {
  return new TransportError(message, { reached: false });
}
