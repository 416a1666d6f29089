import { AsyncLocalStorage } from 'node:async_hooks';
import { longestTimerMs } from '../wire/index.ts';

/** How late a timeout may fire, in milliseconds, plus the delay of its timer. */
const tickMs = 5;

/** Number of slots: the wheel turns once in 5.1 s. */
const slots = 1024;

/** A started timeout, to be passed to `stop`. */
export interface Timeout {
  /** False once it has fired or was stopped. */
  readonly pending: boolean;
}

export interface TimeoutWheelOptions {
  /** Clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/** A node of the doubly linked ring of its slot; a node in no ring links to itself, so removing it twice is safe. */
class Entry implements Timeout {
  previous: Entry = this;
  next: Entry = this;
  readonly dueTick: number;
  readonly onTimeout: () => void;

  constructor(dueTick: number, onTimeout: () => void) {
    this.dueTick = dueTick;
    this.onTimeout = onTimeout;
  }

  get pending(): boolean {
    return !isAlone(this);
  }
}

const nothing = (): void => {};
const newRing = (): Entry => new Entry(0, nothing);

/**
 * Many timeouts on one timer: a hashed wheel (Varghese and Lauck, scheme 6), in which starting and stopping cost the
 * same however many there are.
 *
 * A timeout never fires early, and at most one tick later than its timer. Timeouts that are due together fire in any
 * order. An error thrown by a callback is uncaught, as with `setTimeout`, and the other callbacks still run.
 * Callbacks run in the async context in which the wheel was created.
 *
 * Pending timeouts keep the process alive. The timer is set for the first slot in use; stopping a timeout does not
 * reset it.
 *
 * @see https://doi.org/10.1145/41457.37504
 */
export class TimeoutWheel {
  readonly #now: () => number;
  /** Otherwise the timer would keep the scope of the call that set it. */
  readonly #outsideOfCalls = AsyncLocalStorage.snapshot();
  readonly #slots: readonly Entry[];
  /** Due timeouts that have not fired yet. */
  readonly #due = newRing();
  #size = 0;
  /** Last tick whose slot was emptied. */
  #tick = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Tick for which the timer is set. */
  #timerTick = Infinity;

  constructor({ now = () => performance.now() }: TimeoutWheelOptions = {}) {
    this.#slots = Array.from({ length: slots }, newRing);
    this.#now = now;
  }

  /** Number of pending timeouts. */
  get size(): number {
    return this.#size;
  }

  /**
   * Starts a timeout.
   *
   * @param ms In milliseconds; 0 or less fires at the next tick, `Infinity` never.
   */
  start(ms: number, onTimeout: () => void): Timeout {
    const now = this.#now();
    if (this.#size++ === 0) this.#begin(now);
    const dueTick = Math.ceil((now + (ms > 0 ? ms : 0)) / tickMs);
    // A slot that was already emptied would fire one turn late.
    const entry = new Entry(dueTick > this.#tick ? dueTick : this.#tick + 1, onTimeout);
    append(entry, this.#slotOf(entry.dueTick));
    if (entry.dueTick < this.#timerTick) this.#setTimer(entry.dueTick, now);
    return entry;
  }

  /** Stops a timeout; no effect if it has fired or was stopped. */
  stop(timeout: Timeout): void {
    const entry = timeout as Entry;
    if (isAlone(entry)) return;
    remove(entry);
    if (--this.#size === 0) this.#timer?.unref();
  }

  #slotOf(tick: number): Entry {
    return this.#slots[tick % this.#slots.length] as Entry;
  }

  #begin(now: number): void {
    this.#tick = Math.floor(now / tickMs);
    // An overdue timer is lost: its clock was replaced, as by a test.
    if (this.#timerTick <= this.#tick) this.#timerTick = Infinity;
    this.#timer?.ref();
  }

  #setTimer(tick: number, now: number): void {
    clearTimeout(this.#timer);
    this.#timerTick = tick;
    // The tick may be in the past if a callback took long.
    const ms = Math.max(1, Math.min(Math.ceil(tick * tickMs - now), longestTimerMs));
    this.#timer = this.#outsideOfCalls(setTimeout, () => this.#onTimer(), ms);
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#timerTick = Infinity;
    this.#collect(Math.floor(this.#now() / tickMs));
    try {
      for (let entry = this.#due.next; entry !== this.#due; entry = this.#due.next) {
        remove(entry);
        this.#size--;
        entry.onTimeout();
      }
    } finally {
      if (this.#size > 0) this.#setTimerForFirst();
    }
  }

  /** Moves due timeouts out of the slots of past ticks; those of later turns of the wheel stay. */
  #collect(tick: number): void {
    const passed = Math.min(tick - this.#tick, this.#slots.length);
    for (let back = passed - 1; back >= 0; back--) {
      const slot = this.#slotOf(tick - back);
      for (let entry = slot.next; entry !== slot;) {
        const { next } = entry;
        if (entry.dueTick <= tick) {
          remove(entry);
          append(entry, this.#due);
        }
        entry = next;
      }
    }
    if (tick > this.#tick) this.#tick = tick;
  }

  /** Timeouts left over by a callback that threw are due at once. */
  #setTimerForFirst(): void {
    let tick = this.#tick;
    if (isAlone(this.#due)) {
      do tick++;
      while (isAlone(this.#slotOf(tick)) && tick < this.#tick + this.#slots.length);
    }
    this.#setTimer(tick, this.#now());
  }
}

function isAlone(node: Entry): boolean {
  return node.next === node;
}

/** Appends a node to a ring. */
function append(node: Entry, head: Entry): void {
  node.previous = head.previous;
  node.next = head;
  head.previous.next = node;
  head.previous = node;
}

/** Removes a node from its ring, if it is in one. */
function remove(node: Entry): void {
  node.previous.next = node.next;
  node.next.previous = node.previous;
  node.previous = node;
  node.next = node;
}

/** The timeouts of this process. */
export const timeouts = new TimeoutWheel();
