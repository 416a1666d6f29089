/**
 * The faults of a connection through the proxy. On an existing connection, a fault begins with the next
 * bytes; bytes that an earlier one held back leave first.
 *
 * A connection that has lost bytes (`black-hole`, `half-open`) never recovers, because TCP never delivers a
 * stream with a gap. It stays open and silent, as if the other end had been replaced.
 */
export type ConnectionFault =
  /** No fault. */
  | { readonly kind: 'none' }
  /** Delays every chunk in both directions, in milliseconds; chunks keep their order. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The same with a random delay from 0 to `ms` for each chunk. */
  | { readonly kind: 'jitter'; readonly ms: number; readonly seed: number }
  /**
   * The caller gets a RST. With `at-once`, when the connection is opened or already open, and none of its
   * bytes are passed on. With `before-the-answer`, when the first byte of the server's answer arrives. On a
   * WebSocket that byte may be a ping, and on a new one the upgrade.
   */
  | { readonly kind: 'reset'; readonly when: 'at-once' | 'before-the-answer' }
  /**
   * Connections are accepted and read, but nothing passes in either direction; the server sees no new
   * connection.
   */
  | { readonly kind: 'black-hole' }
  /** The caller's bytes arrive, the server's are lost. */
  | { readonly kind: 'half-open' }
  /**
   * Nothing passes in either direction, and nothing is lost: everything leaves when the fault ends, as if TCP
   * had retransmitted it.
   */
  | { readonly kind: 'stall' }
  /** The server's bytes arrive in pieces of `bytes`, one every `everyMs` milliseconds. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  /** The caller gets this many bytes, then FIN. On existing connections, counted from `set`. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /**
   * The proxy answers requests, including upgrades, with an HTML page like a load balancer's, one on each
   * connection; `retryAfterS` adds that header, in seconds. Existing connections, including WebSockets and
   * answers in progress, are closed with FIN, as if the load balancer had lost the server.
   */
  | { readonly kind: 'http-error'; readonly status: 502 | 503; readonly retryAfterS?: number };

/** What the proxy does to all of its connections. */
export type Fault =
  | ConnectionFault
  /** New connections are refused and existing ones reset, as when a process is killed. */
  | { readonly kind: 'refuse' }
  | RandomFault;

/** Random faults, the same for the same seed and traffic: see `random`. */
export interface RandomFault {
  readonly kind: 'random';
  readonly seed: number;
  readonly faults: readonly ConnectionFault[];
  /** The share that is affected, from 0 to 1. */
  readonly share: number;
  /** What is affected: a whole connection, or a connection from some chunk on. */
  readonly per: 'connection' | 'chunk';
}

/** No fault. */
export const noFault = { kind: 'none' } as const satisfies Fault;

/**
 * A share of the connections, or of their chunks, gets one of several faults. With `per: 'chunk'`, an
 * affected connection is drawn for again at its next chunk, unless the fault ended or emptied it.
 *
 * @param options.per
 * @default 'connection'
 */
export function random(
  options: Omit<RandomFault, 'kind' | 'per'> & Partial<Pick<RandomFault, 'per'>>,
): Fault {
  return { kind: 'random', per: 'connection', ...options };
}
