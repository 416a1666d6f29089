import type { StoredNotification } from '../stores/arrival-store.ts';

/** A notification that arrived, the advice to catch up from the database, or the end. */
export type Mail = Readonly<
  { kind: 'arrival'; notification: StoredNotification } | { kind: 'catchUp' } | { kind: 'closed' }
>;

/**
 * Notifications that wait for one watcher. When the limit is exceeded, it drops all of them and advises to
 * catch up from the database, so that a slow watcher needs no more memory.
 */
export class Mailbox {
  /** The recipient, in lower case. */
  readonly userId: string;
  readonly #limit: number;
  readonly #closing = new AbortController();
  #waiting: StoredNotification[] = [];
  #catchUp = false;
  #wake: (() => void) | undefined;

  /** @param limit Most notifications that wait. */
  constructor(userId: string, limit: number) {
    this.userId = userId.toLowerCase();
    this.#limit = limit;
  }

  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Adds a notification; ignored if a catch-up will find it. */
  put(notification: StoredNotification): void {
    if (this.#catchUp) return;
    if (this.#waiting.length >= this.#limit) return this.adviseCatchUp();
    this.#waiting.push(notification);
    this.#wakeUp();
  }

  /** Reports that something may have been missed. */
  adviseCatchUp(): void {
    this.#waiting = [];
    this.#catchUp = true;
    this.#wakeUp();
  }

  /** Ends it, and drops what waits. */
  close(): void {
    this.#closing.abort();
    this.#waiting = [];
    this.#wakeUp();
  }

  /**
   * Waits for the next mail; for one reader at a time. Notifications that arrive after a `catchUp` wait here,
   * so reading the database then leaves no gap.
   */
  async next(): Promise<Mail> {
    for (;;) {
      if (this.signal.aborted) return { kind: 'closed' };
      if (this.#catchUp) {
        this.#catchUp = false;
        return { kind: 'catchUp' };
      }
      const notification = this.#waiting.shift();
      if (notification) return { kind: 'arrival', notification };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
