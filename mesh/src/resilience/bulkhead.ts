import { append, isAlone, remove, type RingNode } from './ring.ts';

export interface BulkheadOptions {
  /** How many may be in at a time, at least 1. @default 1024 */
  maxInFlight?: number;
  /** How many may wait for their turn; 0 for none. @default 1024 */
  maxQueued?: number;
}

/** A place in the queue. */
export interface Queued {
  /** Gives it up; nothing happens if the turn has come, or it was given up before. */
  cancel(): void;
}

/** One that waits, in the ring of the queue. */
class Waiting implements Queued, RingNode {
  previous: this = this;
  next: this = this;
  readonly onTurn: () => void;
  readonly #onCancel: () => void;

  constructor(onTurn: () => void, onCancel: () => void) {
    this.onTurn = onTurn;
    this.#onCancel = onCancel;
  }

  cancel(): void {
    if (isAlone(this)) return;
    remove(this);
    this.#onCancel();
  }
}

const nothing = (): void => {};

/**
 * Bounds how many calls are under way, and how many wait for that, so that
 * what is slow holds up no more than so much. First come, first served: while
 * somebody waits, nobody enters past them.
 *
 * To enter: `tryEnter()`, or else `queue()`, or else refuse. Who has entered,
 * and whose turn has come, must `leave()` exactly once.
 */
export class Bulkhead {
  readonly #maxInFlight: number;
  readonly #maxQueued: number;
  readonly #queue = new Waiting(nothing, nothing);
  readonly #onCancel = (): void => void this.#queued--;
  #inFlight = 0;
  #queued = 0;
  #handingOver = false;

  constructor({ maxInFlight = 1024, maxQueued = 1024 }: BulkheadOptions = {}) {
    this.#maxInFlight = maxInFlight;
    this.#maxQueued = maxQueued;
  }

  /** How many have entered and not left. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** How many wait for their turn. */
  get queued(): number {
    return this.#queued;
  }

  /** Enters at once, or says that there is no room. */
  tryEnter(): boolean {
    if (this.#inFlight >= this.#maxInFlight || this.#queued > 0) return false;
    this.#inFlight++;
    return true;
  }

  /**
   * Waits for a turn, which then has entered. Where there is room it comes
   * before this returns.
   *
   * @param onTurn Is called by whoever leaves; what it throws, they throw, and its place stays taken until
   * it is left.
   * @returns `undefined` if the queue is full: it is never called.
   */
  queue(onTurn: () => void): Queued | undefined {
    if (this.#queued >= this.#maxQueued) return undefined;
    const waiting = new Waiting(onTurn, this.#onCancel);
    append(waiting, this.#queue);
    this.#queued++;
    this.#handOver();
    return waiting;
  }

  /**
   * Gives the place to the first in the queue, or back.
   *
   * @throws Error if nobody is in: a place that was left twice would let too many in from then on.
   */
  leave(): void {
    if (this.#inFlight === 0) throw new Error('A bulkhead was left more often than it was entered');
    this.#inFlight--;
    if (this.#queued > 0) this.#handOver();
  }

  /** A turn that leaves at once does not hand over within itself: a long queue would exhaust the stack. */
  #handOver(): void {
    if (this.#handingOver) return;
    this.#handingOver = true;
    try {
      while (this.#queued > 0 && this.#inFlight < this.#maxInFlight) {
        const first = this.#queue.next;
        remove(first);
        this.#queued--;
        this.#inFlight++;
        first.onTurn();
      }
    } finally {
      this.#handingOver = false;
    }
  }
}
