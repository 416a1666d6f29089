import type { StoredNotification } from '../stores/notification-store.ts';

/** What a mailbox hands out: something that arrived, the advice to look into the database, or the end. */
export type Mail = Readonly<
  { kind: 'arrival'; notification: StoredNotification } | { kind: 'catchUp' } | { kind: 'closed' }
>;

/**
 * What has arrived for one watcher and waits to be sent. It holds a bounded
 * number; one more, and it throws all away and advises to catch up from the
 * database instead, so a slow watcher costs no more memory than that.
 */
export class Mailbox {
  /** Whose mail it takes, in lower case. */
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

  /** Fires when it is closed. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Puts something in; not needed where a catch-up will find it. */
  put(notification: StoredNotification): void {
    if (this.#catchUp) return;
    if (this.#waiting.length >= this.#limit) return this.adviseCatchUp();
    this.#waiting.push(notification);
    this.#wakeUp();
  }

  /** Says that something may have been missed. */
  adviseCatchUp(): void {
    this.#waiting = [];
    this.#catchUp = true;
    this.#wakeUp();
  }

  /** Ends it, with whatever still waits. */
  close(): void {
    this.#closing.abort();
    this.#waiting = [];
    this.#wakeUp();
  }

  /**
   * Waits for the next mail; for one reader at a time. What arrives after a
   * `catchUp` was handed out waits here, so reading the database then leaves
   * no gap.
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
