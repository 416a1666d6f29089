/** What can carry a call. */
export type TransportName = 'websocket' | 'http';

/** The longest answer that is taken in, in bytes: it may be longer than a call. */
export const maxAnswerBytes = 64 * 1024 * 1024;

/** One attempt at a query or a mutation, ready to be sent. */
export class Attempt {
  /** As `pages.get`. */
  readonly path: string;
  readonly kind: 'query' | 'mutation';
  readonly input: unknown;
  /** Who calls, as the header says it; a connection may have said it already. */
  readonly authorization: string | undefined;
  /** What else goes with it, by the names of headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** On the clock of `performance.now()`, in milliseconds. */
  readonly startedAt: number;
  /** What the transport that carries it does when nobody waits for it any more. */
  onCancel: (() => void) | undefined;
  cancelled = false;
  /** Whether the server may have seen it: what carries it says so before the first byte leaves. */
  sent = false;

  constructor(
    sent: Pick<Attempt, 'path' | 'kind' | 'input' | 'authorization' | 'headers'>,
    startedAt: number = performance.now(),
  ) {
    this.path = sent.path;
    this.kind = sent.kind;
    this.input = sent.input;
    this.authorization = sent.authorization;
    this.headers = sent.headers;
    this.startedAt = startedAt;
  }

  /** Ends it: its answer is of no use any more. */
  cancel(): void {
    this.cancelled = true;
    this.onCancel?.();
  }
}

/** What a server answered: a body that should be tRPC's, and how it came. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly via: TransportName;
  /** How long whoever answered asks to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * Carries attempts to one endpoint of a service.
 *
 * `send` answers whatever the server said, errors included; it throws
 * TransportError when there is no answer, and anything when an attempt was
 * cancelled.
 */
export interface Transport {
  /** Where the endpoint is, for the log. */
  readonly url: string;
  /** Whether it has asked for new calls to go elsewhere: it is about to stop. */
  readonly leaving: boolean;
  send(attempt: Attempt): Promise<Answer>;
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
