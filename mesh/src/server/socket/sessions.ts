import type { WebSocket } from 'ws';
import { beatMs } from '../http/stall.ts';
import { Session, type Opener, type SessionOptions } from './session.ts';

/** The WebSockets of a service. */
export class Sessions {
  readonly #options: SessionOptions;
  readonly #open = new Set<Session>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#beat(), beatMs).unref();
  }

  add(socket: WebSocket, opener: Opener): void {
    const session = new Session(socket, this.#options, opener);
    const counted = this.#options.perCaller.open(opener.limitKey);
    this.#open.add(session);
    void session.closed.then(() => {
      this.#open.delete(session);
      counted[Symbol.dispose]();
    });
    // Accepted while the service stops.
    if (this.#options.closing.aborted) session.drain();
  }

  /** Asks all clients to reconnect and waits for calls under way; cuts the rest after `timeoutMs`, in milliseconds. */
  async drain(timeoutMs: number): Promise<void> {
    clearInterval(this.#heartbeat);
    const cut = setTimeout(() => {
      for (const session of this.#open) session.cut();
    }, timeoutMs);
    for (const session of this.#open) session.drain();
    await Promise.all([...this.#open].map((session) => session.closed));
    clearTimeout(cut);
  }

  #beat(): void {
    for (const session of this.#open) if (!session.beat()) session.cut();
  }
}
