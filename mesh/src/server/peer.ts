import type { IncomingMessage } from 'node:http';

/** Where a call comes from. Nothing of it is proved: it is for records and for limits. */
export interface Peer {
  /** The IP address of whoever sent the request; an IPv4 address stands as such. */
  readonly address: string | undefined;
  /** What the caller says of its software, up to 200 characters. */
  readonly userAgent: string | undefined;
}

/** Whoever calls without a network. */
export const unknownPeer: Peer = { address: undefined, userAgent: undefined };

/** Where a request comes from. */
export function peerOf({ socket, headers }: IncomingMessage): Peer {
  return {
    // A socket that takes both versions shows IPv4 as ::ffff:127.0.0.1.
    address: socket.remoteAddress?.replace(/^::ffff:(?=[\d.]+$)/, ''),
    userAgent: headers['user-agent']?.slice(0, 200),
  };
}
