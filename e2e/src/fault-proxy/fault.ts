/**
 * What a connection through the proxy suffers. Set while it stands, a fault
 * begins with the next bytes; bytes that an earlier one held back leave first.
 *
 * A connection that has lost bytes (`black-hole`, `half-open`) never comes
 * back, whatever is set later: a stream with a hole in it is nothing that TCP
 * ever delivers. It stays open and silent, as one whose other end was replaced.
 */
export type ConnectionFault =
  /** Everything passes. */
  | { readonly kind: 'none' }
  /** Every chunk comes so much later, in both directions, in milliseconds; chunks keep their order. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The same by chance, from 0 to `ms`, again for each chunk. */
  | { readonly kind: 'jitter'; readonly ms: number; readonly seed: number }
  /**
   * The caller gets a RST: `at-once`, when the connection stands or stood, and
   * nothing of what it sent is passed on; or `before-the-answer`, where the
   * server got the request and the first byte of what it answers is the signal.
   * On a WebSocket that byte may be a ping, and that of a new one is its upgrade.
   */
  | { readonly kind: 'reset'; readonly when: 'at-once' | 'before-the-answer' }
  /** Accepted and read, but nothing passes in either direction; the server sees no new connection. */
  | { readonly kind: 'black-hole' }
  /** What the caller sends arrives, what the server sends is lost. */
  | { readonly kind: 'half-open' }
  /** Nothing passes in either direction, and nothing is lost: it all leaves when the fault goes, as TCP sends again. */
  | { readonly kind: 'stall' }
  /** What the server sends comes in pieces of so many bytes, one every so many milliseconds. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  /** The caller gets so many bytes, then FIN. Counted from `set` where the connection stood before. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /**
   * Requests are answered by the proxy, with a page of HTML as a load
   * balancer's, upgrades included, one on each connection; `retryAfterS` adds
   * that header, in seconds. What stood before, WebSockets and answers under
   * way included, is ended by FIN: the load balancer has lost the server.
   */
  | { readonly kind: 'http-error'; readonly status: 502 | 503; readonly retryAfterS?: number };

/** What the proxy does to all of its connections. */
export type Fault =
  | ConnectionFault
  /** Nobody listens: new connections are refused, those that stood are reset, as when a process is killed. */
  | { readonly kind: 'refuse' }
  | RandomFault;

/** Faults by chance, the same ones for the same seed and the same traffic: see `random`. */
export interface RandomFault {
  readonly kind: 'random';
  readonly seed: number;
  readonly faults: readonly ConnectionFault[];
  /** How many are hit, from 0 to 1. */
  readonly share: number;
  /** What is hit: a connection from its beginning, or from some chunk on. */
  readonly per: 'connection' | 'chunk';
}

/** Everything passes. */
export const noFault = { kind: 'none' } as const satisfies Fault;

/**
 * A share of the connections, or of the chunks on them, meets one of several
 * faults. With `per: 'chunk'` a connection that was hit is drawn for again at
 * its next chunk, unless the fault ended or emptied it.
 *
 * @param options.per @default 'connection'
 */
export function random(
  options: Omit<RandomFault, 'kind' | 'per'> & Partial<Pick<RandomFault, 'per'>>,
): Fault {
  return { kind: 'random', per: 'connection', ...options };
}
