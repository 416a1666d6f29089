import type { WebSocket } from 'ws';
import { beatMs } from '../http/stall.ts';
import { Session, type Opener, type SessionOptions } from './session.ts';

/** The connections of a service. */
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
    // It was let in while the others were being asked to go.
    if (this.#options.closing.aborted) session.drain();
  }

  /** Asks all to go elsewhere and lets them finish what is under way; what is left after `timeoutMs`, in milliseconds, is cut. */
  async drain(timeoutMs: number): Promise<void> {
    clearInterval(this.#heartbeat);
    const cut = setTimeout(() => {
      for (const session of this.#open) session.terminate();
    }, timeoutMs);
    for (const session of this.#open) session.drain();
    await Promise.all([...this.#open].map((session) => session.closed));
    clearTimeout(cut);
  }

  #beat(): void {
    for (const session of this.#open) if (!session.beat()) session.terminate();
  }
}
