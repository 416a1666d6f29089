import type { Socket } from 'node:net';

/** Connection of a pulse. */
export interface PulseOptions {
  /** Whether a call waits for an answer. */
  busy: () => boolean;
  /** Sends a ping. */
  ping: () => void;
  /** Called when the other side is gone. */
  onDead: () => void;
  /** Interval of the checks, in milliseconds. @default 1000 */
  beatMs?: number;
  /**
   * Beats of silence before a ping. Servers of the mesh ping every 15 s, so an idle client sends none.
   *
   * @default 1 if busy, 20 if idle
   */
  quiet?: Readonly<{ busy: number; idle: number }>;
  /**
   * Beats without a pong before the connection is dead: a usual attempt, so that a server whose event loop is blocked
   * for a while keeps its calls. gRPC allows 20 s, longer than a person waits.
   *
   * @default 5
   * @see https://grpc.io/docs/guides/keepalive/
   */
  patience?: number;
}

/** Detects dead connections. Any received byte is a sign of life, because a long answer takes time. */
export class Pulse {
  readonly #link: Pick<Socket, 'bytesRead'>;
  readonly #options: Required<PulseOptions>;
  readonly #timer: NodeJS.Timeout;
  /** Bytes received by the last check. */
  #seen: number;
  /** Beats without new bytes. */
  #quiet = 0;
  /** Beats since an unanswered ping; `undefined` if there is none. */
  #unanswered: number | undefined;
  /** Time of that ping, on the clock of `performance.now()`. */
  #pingedAt = 0;
  /** `suspect`, as of the last check. */
  doubtful = false;

  constructor(link: Pick<Socket, 'bytesRead'>, options: PulseOptions) {
    this.#link = link;
    this.#options = { beatMs: 1000, quiet: { busy: 1, idle: 20 }, patience: 5, ...options };
    this.#seen = link.bytesRead;
    this.#timer = setInterval(() => this.#beat(), this.#options.beatMs).unref();
  }

  /** Whether the other side seems to be gone. */
  get suspect(): boolean {
    return this.doubtful && !this.#lives();
  }

  /** Time since the unanswered ping of a suspect connection, in milliseconds; otherwise 0. */
  get suspectForMs(): number {
    return this.suspect ? performance.now() - this.#pingedAt : 0;
  }

  /** Reports a call that was given up after `waitedMs` without any byte received. */
  doubt(waitedMs: number): void {
    if (waitedMs < this.#options.beatMs) return;
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
    const { busy, quiet, patience, onDead } = this.#options;
    if (this.#unanswered === undefined) {
      if (this.#quiet >= (busy() ? quiet.busy : quiet.idle)) this.#ping();
      return;
    }
    this.#unanswered += 1;
    this.doubtful = true;
    if (this.#unanswered >= patience) onDead();
  }

  #ping(): void {
    this.#unanswered = 0;
    this.#pingedAt = performance.now();
    this.#options.ping();
  }

  /** Whether bytes were received since the last check. */
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
