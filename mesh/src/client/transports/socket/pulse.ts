import type { Socket } from 'node:net';

/** How often it is looked at, in milliseconds. Timers of the same length share one of the system's: a connection at rest costs a look a second. */
const beatMs = 1000;

/** So many beats of silence after which the other side is asked for a sign of life: at once where somebody waits for an answer. */
const quietBeats = {
  busy: 1,
  /** A server of the mesh pings every 15 s, so that a client at rest asks nothing. */
  idle: 20,
};

/**
 * So many beats may go by without an answer to a ping: as long as an attempt
 * usually has, so that a server whose event loop is held up for a while keeps
 * its calls. gRPC leaves 20 s for it, which is longer than a person waits.
 *
 * @see https://grpc.io/docs/guides/keepalive/
 */
const patience = 5;

/** What a pulse is told of its connection. */
interface PulseOptions {
  /** Whether somebody waits for an answer. */
  busy: () => boolean;
  /** Sends a ping. */
  ping: () => void;
  /** The other side is gone. */
  onDead: () => void;
}

/**
 * Whether there is still somebody at the other end of a connection. Any byte
 * is a sign of life: a long answer takes its time.
 */
export class Pulse {
  readonly #link: Pick<Socket, 'bytesRead'>;
  readonly #options: PulseOptions;
  readonly #timer: NodeJS.Timeout;
  /** Bytes that had come in when it was last looked at. */
  #seen: number;
  /** Beats since then. */
  #quiet = 0;
  /** Beats since a ping that nothing has followed; `undefined` if there is none. */
  #unanswered: number | undefined;
  /** When it was sent, on the clock of `performance.now()`. */
  #pingedAt = 0;
  /** Whether nobody seems to be there, unless something has come in since: see `suspect`. */
  doubtful = false;

  constructor(link: Pick<Socket, 'bytesRead'>, options: PulseOptions) {
    this.#link = link;
    this.#options = options;
    this.#seen = link.bytesRead;
    this.#timer = setInterval(() => this.#beat(), beatMs).unref();
  }

  /** Whether nobody seems to be there: nothing has come in since there was reason to think so. */
  get suspect(): boolean {
    return this.doubtful && !this.#lives();
  }

  /** For how long a ping has been without an answer, in milliseconds, where it is suspect; else 0. */
  get suspectForMs(): number {
    return this.suspect ? performance.now() - this.#pingedAt : 0;
  }

  /** A call waited in vain, and nothing has come in meanwhile. */
  doubt(): void {
    this.#lives();
    this.doubtful = true;
    if (this.#unanswered === undefined) this.#ping();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    if (this.#lives()) return;
    this.#quiet += 1;
    if (this.#unanswered === undefined) {
      if (this.#quiet >= (this.#options.busy() ? quietBeats.busy : quietBeats.idle)) this.#ping();
      return;
    }
    this.#unanswered += 1;
    this.doubtful = true;
    if (this.#unanswered >= patience) this.#options.onDead();
  }

  #ping(): void {
    this.#unanswered = 0;
    this.#pingedAt = performance.now();
    this.#options.ping();
  }

  /** Whether anything has come in since it was last looked at; if so all is well. */
  #lives(): boolean {
    const { bytesRead } = this.#link;
    if (bytesRead === this.#seen) return false;
    this.#seen = bytesRead;
    this.#quiet = 0;
    this.#unanswered = undefined;
    this.doubtful = false;
    return true;
  }
}
