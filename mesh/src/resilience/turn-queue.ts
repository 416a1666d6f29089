import { FairQueue } from './fair-queue.ts';

/** An item that waits for its turn. */
export interface Waiting {
  /** Sources take turns. */
  readonly source: unknown;
  /** Urgent items go first. */
  readonly urgent: boolean;
  /**
   * Called once, when it is this item's turn.
   *
   * @param now On the queue's clock.
   * @param standingMs How long the queue has not been empty, in milliseconds.
   * @returns Whether it has begun; `false` if it is no longer worth it.
   */
  onTurn(now: number, standingMs: number): boolean;
}

export interface TurnQueueOptions {
  /** Calls back in the next turn of the event loop, with microtasks between callbacks: `setImmediate`. */
  nextTurn: (run: () => void) => void;
  /** Time in which one turn of the event loop may begin items, in milliseconds. @default 10 */
  turnMs?: number;
  /** Clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/** Callbacks per turn, and most items per callback, whose answers can leave in one message. */
const steps = 16;

/**
 * Spreads a burst of items over several turns of the event loop, so that other work, such as a health check, runs in
 * between.
 *
 * Code cannot see which turn it runs in, and a callback for every turn would cost more than a call. So the queue
 * admits items for half of `turnMs` without asking. Then it requests a callback in the next turn, and admits items
 * for the other half unless that callback has come.
 *
 * Items begin in a callback, alone or a few together: they continue in microtasks, whose time counts as the turn's
 * too.
 */
export class TurnQueue {
  readonly #nextTurn: (run: () => void) => void;
  readonly #turnMs: number;
  readonly #now: () => number;
  readonly #urgent = new FairQueue<Waiting>();
  readonly #others = new FairQueue<Waiting>();
  #length = 0;
  /** When the queue was last empty. */
  #standingSince = 0;
  /** Start of the period in which items begin at once. */
  #since = -Infinity;
  /** Requested callbacks that have not come yet. */
  #pending = 0;
  /** Whether this turn's callbacks are running. */
  #stepping = false;
  /** Items that the current step has begun, and its start. */
  #begun = 0;
  #stepAt = 0;
  /** Most items of the current step. */
  #batch = 1;

  constructor({ nextTurn, turnMs = 10, now = () => performance.now() }: TurnQueueOptions) {
    this.#nextTurn = nextTurn;
    this.#turnMs = turnMs;
    this.#now = now;
  }

  get length(): number {
    return this.#length;
  }

  /** Whether an item may begin now; otherwise `push` it. @param now On the queue's clock. */
  mayBegin(now: number): boolean {
    if (this.#length > 0) return false;
    if (now - this.#since < this.#turnMs / 2) return true;
    if (this.#pending > 0) return false;
    this.#since = now;
    this.#schedule(1);
    return true;
  }

  push(waiting: Waiting): void {
    (waiting.urgent ? this.#urgent : this.#others).push(waiting.source, waiting);
    if (this.#length++ === 0) this.#standingSince = this.#now();
    if (this.#pending < Math.min(this.#length, steps) && !this.#stepping) this.#schedule(1);
  }

  #schedule(count: number): void {
    this.#pending += count;
    for (let step = 0; step < count; step++) this.#nextTurn(this.#onStep);
  }

  readonly #onStep = (): void => {
    const now = this.#now();
    if (!this.#stepping) {
      this.#stepping = true;
      this.#since = now;
    } else this.#adapt(now);
    this.#pending--;
    this.#begun = 0;
    this.#stepAt = now;
    this.#beginSome(now);
    if (this.#pending > 0) return;
    this.#stepping = false;
    if (this.#length > 0) this.#schedule(Math.min(this.#length, steps));
    else this.#since = this.#now();
  };

  /** Sizes this step by the time of the last one, microtasks included. */
  #adapt(now: number): void {
    if (this.#begun === 0) return;
    const eachMs = (now - this.#stepAt) / this.#begun;
    const most = Math.floor(this.#turnMs / steps / eachMs);
    this.#batch = Math.max(1, Math.min(most, steps));
  }

  #beginSome(now: number): void {
    const end = this.#since + this.#turnMs;
    while (this.#length > 0 && this.#begun < this.#batch && this.#now() < end) {
      const waiting = this.#urgent.shift() ?? this.#others.shift();
      if (!waiting) return;
      this.#length--;
      if (waiting.onTurn(now, now - this.#standingSince)) this.#begun++;
    }
  }
}
