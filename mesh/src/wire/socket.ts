/**
 * tRPC's messages over a WebSocket, as `wsLink` and its adapter exchange them,
 * and what the mesh adds to them.
 *
 * @see https://trpc.io/docs/rpc
 */

/** The path whose upgrade opens a WebSocket. */
export const socketPath = '/trpc';

/** The subprotocol of those who take several answers in one message, as a JSON array. Everybody may send arrays. */
export const arraySubprotocol = 'trpc-array';

/**
 * The longest message that is taken in, and the longest body of a request, in bytes. JSON may write each character of a
 * text as `\uXXXX`, six bytes (RFC 8259 §7): a contract's longest input must fit also then.
 */
export const maxMessageBytes = 2 * 1024 * 1024;

/**
 * The longest WebSocket message that ends nothing but itself, in bytes: what is longer than `maxMessageBytes` is looked
 * through for who waits for an answer, and refused. Beyond this the connection ends, before more of it is held.
 */
export const maxRefusedBytes = 4 * maxMessageBytes;

/** Messages are put together up to this length, in characters; a longer one goes alone. */
export const arrayLength = 16 * 1024;

/** The most messages in one array that a server takes. */
export const maxArrayMessages = 2048;

/** Close codes (RFC 6455 §7.4). */
export const closeCode = {
  /** Nobody needs the connection any more. */
  done: 1000,
  /** The other side sent bytes, where messages are text. */
  unsupported: 1003,
  /** The other side sent text that is not JSON. */
  malformed: 1007,
  /** The other side breaks the rules. */
  refused: 1008,
  /** The other side sent a message that is too long, and it cannot be told who waits for an answer. */
  tooLong: 1009,
  /**
   * The server stops, and has begun nothing that it did not answer: what is unanswered may be sent elsewhere. A code
   * of our own: a gateway that restarts closes with 1012 whatever is under way.
   */
  drained: 4012,
  /**
   * The credentials that it was opened with have expired or were revoked, or are no good. What is unanswered was not
   * begun, as above, so that this is a code of our own too; IANA's 3000 says no more than the first.
   */
  unauthorized: 4401,
} as const;

/** What a caller sends. */
export type SocketRequest = Readonly<{
  id: number | string | null;
  jsonrpc?: '2.0';
  method: 'query' | 'mutation' | 'subscription' | 'subscription.stop';
  params?: Readonly<{ path: string; input?: unknown; lastEventId?: string }>;
  /** What would be headers over HTTP, by the same names. */
  headers?: Readonly<Record<string, string>>;
}>;

/** What the server asks of those connected, before it stops: make new calls on another connection. */
export const reconnectMessage = '{"id":null,"method":"reconnect"}';
