import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { connectionEvent } from './secure-server.ts';

/** Interval of checks, in milliseconds. */
export const beatMs = 15_000;

/** Time after which a connection whose other side reads nothing is cut, in milliseconds; like nginx's `send_timeout`. */
const stalledMs = 60_000;

export type Link = Pick<Socket, 'bytesRead' | 'bytesWritten' | 'writableLength'>;

/** Detects that the other side of a connection has stopped reading; slow reading is allowed. */
export class Stall {
  readonly #link: Link;
  /** Bytes that the system has taken, and bytes left of the current write. */
  #taken = 0;
  #left = 0;
  #beats = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Checks the connection; to be called every `beatMs`. @returns Whether nothing was read for 60 s. */
  beat(): boolean {
    const { bytesWritten, writableLength } = this.#link;
    const taken = bytesWritten - writableLength;
    const left = leftOf(this.#link);
    const stands = writableLength > 0 && taken === this.#taken && left === this.#left;
    this.#beats = stands ? this.#beats + 1 : 0;
    this.#taken = taken;
    this.#left = left;
    return this.#beats * beatMs >= stalledMs;
  }
}

/** Bytes of the current write that the system has not taken yet, as Node reads them before a socket timeout. */
function leftOf(link: Link): number {
  // TLS counts a write until all of it is taken; the connection under it knows how much is.
  const { _parent: below } = link as { _parent?: Link | null };
  const { _handle: handle } = (below ?? link) as { _handle?: { writeQueueSize?: number } };
  return handle?.writeQueueSize ?? 0;
}

/** Cuts HTTP connections whose other side has stopped reading. */
export function cutStalled(server: Server): void {
  const connected = new Map<Socket, Stall>();
  server.on(connectionEvent(server), (socket: Socket) => {
    connected.set(socket, new Stall(socket));
    socket.once('close', () => connected.delete(socket));
  });
  // Its new protocol checks it.
  server.on('upgrade', ({ socket }) => connected.delete(socket));
  const beat = (): void => {
    for (const [socket, stall] of connected) if (stall.beat()) socket.destroy();
  };
  server.once('listening', () => {
    const timer = setInterval(beat, beatMs).unref();
    server.once('close', () => clearInterval(timer));
  });
}
