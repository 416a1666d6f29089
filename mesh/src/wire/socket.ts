/**
 * tRPC's messages over a WebSocket, and the mesh's additions.
 *
 * @see https://trpc.io/docs/rpc
 */

/** Path of the WebSocket upgrade. */
export const socketPath = '/trpc';

/** Subprotocol of clients that accept several answers in one message, as a JSON array. Any client may send arrays. */
export const arraySubprotocol = 'trpc-array';

/**
 * Subprotocol that clients of the mesh offer before {@link arraySubprotocol}. A service of the mesh never chooses it;
 * the `ws` package, with which others serve tRPC, chooses the first one. So the choice tells them apart.
 */
export const foreignSubprotocol = 'trpc';

/**
 * Longest message and longest request body, in bytes. A contract's longest input must fit even if JSON escapes each
 * character as `\uXXXX`, six bytes (RFC 8259 §7).
 */
export const maxMessageBytes = 2 * 1024 * 1024;

/**
 * Longest WebSocket message that is rejected with an answer, in bytes: a message above `maxMessageBytes` is searched
 * for its id. A longer one closes the connection before it is buffered.
 */
export const maxRefusedBytes = 4 * maxMessageBytes;

/**
 * The length up to which messages are put together, in characters; a longer one goes alone. With 64 KiB, 64 calls at once
 * are one message, and both ends wait for each other: 31,000 calls a second instead of 77,000.
 */
export const arrayLength = 16 * 1024;

/** Most messages in one array to a server. */
export const maxArrayMessages = 2048;

/** Close codes (RFC 6455 §7.4). */
export const closeCode = {
  /** The connection is not needed any more. */
  done: 1000,
  /** The other side sent binary data. */
  unsupported: 1003,
  /** The other side sent text that is not JSON. */
  malformed: 1007,
  /** The other side violates the protocol. */
  refused: 1008,
  /** The other side sent a message that is too long, and its id cannot be read. */
  tooLong: 1009,
  /**
   * The server stops; unanswered calls were not started and may be sent to another endpoint. Not 1012, because a
   * restarting gateway sends that for calls in progress too.
   */
  drained: 4012,
  /**
   * The connection's credentials are invalid, expired or revoked. Unanswered calls were not started, which IANA's
   * 3000 does not say.
   */
  unauthorized: 4401,
} as const;

export type SocketRequest = Readonly<{
  id: number | string | null;
  jsonrpc?: '2.0';
  method: 'query' | 'mutation' | 'subscription' | 'subscription.stop';
  params?: Readonly<{ path: string; input?: unknown; lastEventId?: string }>;
  /** The headers of an HTTP request, by the same names. */
  headers?: Readonly<Record<string, string>>;
}>;

/** Sent by a server before it stops: clients make new calls on another connection. */
export const reconnectMessage = '{"id":null,"method":"reconnect"}';
