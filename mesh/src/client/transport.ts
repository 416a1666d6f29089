/** One attempt at a query or a mutation, ready to be sent. */
export interface Attempt {
  /** As `pages.get`. */
  readonly path: string;
  readonly kind: 'query' | 'mutation';
  readonly input: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** What a server answered: a body that should be JSON, and its HTTP status. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Carries attempts to one service.
 *
 * `send` answers whatever the server said, errors included; it throws
 * TransportError when there is no answer.
 */
export interface Transport {
  /** Where the service is, for the log. */
  readonly url: string;
  send(attempt: Attempt): Promise<Answer>;
  close(): Promise<void>;
}

/** No answer came. Whether the server can have seen the request decides what may be retried. */
export class TransportError extends Error {
  /** False only if it is certain that no byte of the request arrived. */
  readonly reached: boolean;

  constructor(message: string, options: { reached: boolean; cause: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'TransportError';
    this.reached = options.reached;
  }
}
