import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** How often a connection is looked at, in milliseconds. */
export const beatMs = 15_000;

/** How long something waits for the other side before the connection is cut, where nothing of it is taken, in milliseconds: as nginx's `send_timeout`. */
const stalledMs = 60_000;

/** What is looked at of a TCP connection. */
export type Link = Pick<Socket, 'bytesRead' | 'bytesWritten' | 'writableLength'>;

/** Whether the other side of a connection has stopped to read. One that reads slowly has not. */
export class Stall {
  readonly #link: Link;
  /** What the system has taken of what was written, and what it has left of the write under way, in bytes. */
  #taken = 0;
  #left = 0;
  #beats = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Looks at it, which is to be done every `beatMs`. @returns Whether something waits of which nothing was taken for 60 s. */
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

/** What Node itself looks at before a connection times out: the bytes of the write under way that the system has not taken yet. */
function leftOf(link: Link): number {
  const { _handle: handle } = link as { _handle?: { writeQueueSize?: number } };
  return handle?.writeQueueSize ?? 0;
}

/** Cuts connections of HTTP whose other side has stopped to read its answers. */
export function cutStalled(server: Server): void {
  const connected = new Map<Socket, Stall>();
  server.on('connection', (socket) => {
    connected.set(socket, new Stall(socket));
    socket.once('close', () => connected.delete(socket));
  });
  // What is no longer HTTP is looked at by those who took it over.
  server.on('upgrade', ({ socket }) => connected.delete(socket));
  const beat = (): void => {
    for (const [socket, stall] of connected) if (stall.beat()) socket.destroy();
  };
  server.once('listening', () => {
    const timer = setInterval(beat, beatMs).unref();
    server.once('close', () => clearInterval(timer));
  });
}
