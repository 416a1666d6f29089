import type { Request } from '../request.ts';

/** What can carry a call. */
export type TransportName = 'websocket' | 'http';

/** The longest answer that is taken in, in bytes: it may be longer than a call. */
export const maxAnswerBytes = 64 * 1024 * 1024;

/** What a server answered: a body that should be tRPC's, and how it came. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly via: TransportName;
  /** How long whoever answered asks to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * Carries requests to one endpoint of a service.
 *
 * `send` answers whatever the server said, errors included; it throws
 * TransportError when there is no answer, and anything when a request was
 * cancelled.
 */
export interface Transport {
  /** Where the endpoint is, for the log. */
  readonly url: string;
  /** Whether it has asked for new calls to go elsewhere: it is about to stop. */
  readonly leaving: boolean;
  send(request: Request): Promise<Answer>;
  close(): Promise<void>;
}

/** No answer came. Whether the server can have seen the request decides what may be retried. */
export class TransportError extends Error {
  /** False only if it is certain that no byte of the request arrived, or that nothing was done with it. */
  readonly reached: boolean;

  constructor(message: string, options: { reached: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'TransportError';
    this.reached = options.reached;
  }
}

/** The error of a call that certainly did not leave this process. */
export function notReached(message: string): TransportError {
  return new TransportError(message, { reached: false });
}
