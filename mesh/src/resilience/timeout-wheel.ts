import { AsyncLocalStorage } from 'node:async_hooks';

/** A time-out that was started: what `stop` takes. */
export interface Timeout {
  /** Whether it has neither fired nor been stopped. */
  readonly pending: boolean;
}

export interface TimeoutWheelOptions {
  /** How much later than asked a time-out may fire, in milliseconds; its timer's own delay comes on top. @default 5 */
  tickMs?: number;
  /** The clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/**
 * A time-out, in the doubly linked ring of its slot, from which it can be taken
 * out without a search. A ring begins and ends with an entry of its own, the
 * head; an entry that is in none is a ring by itself, so that it may be taken
 * out twice.
 */
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

/** A power of two: with the default tick, 5.1 s go by until a slot comes round again. */
const slotCount = 1024;
/** Beyond, `setTimeout` fires at once. */
const longestTimerMs = 2 ** 31 - 1;
const nothing = (): void => {};
const newRing = (): Entry => new Entry(0, nothing);

/**
 * Many time-outs on one timer: a hashed wheel (Varghese and Lauck, scheme 6),
 * where starting and stopping one costs the same however many there are.
 *
 * A time-out never fires early, and at most a tick late beyond what the
 * timer is late by. Those that are due at once (after a process was suspended,
 * say) all fire, each once, in no promised order. What a callback throws is
 * uncaught, as with `setTimeout`, and the others fire after it. Callbacks run
 * in the async context that the wheel was made in, not that of their `start`.
 *
 * A pending time-out keeps the process alive, as `setTimeout` does. The timer
 * is set for the first slot in use; stopping leaves it as it is, but with
 * nothing pending it lets the process end, fires once more at most, and rests.
 *
 * @see https://doi.org/10.1145/41457.37504
 */
export class TimeoutWheel {
  readonly #tickMs: number;
  readonly #now: () => number;
  /** The timer belongs to no call: it would hold on to the scope of the one that set it. */
  readonly #outsideOfCalls = AsyncLocalStorage.snapshot();
  readonly #slots = Array.from({ length: slotCount }, newRing);
  /** Those that are due and whose turn is next. */
  readonly #due = newRing();
  #size = 0;
  /** The last tick whose slot was looked at. */
  #tick = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The tick that the timer is set for. */
  #timerTick = Infinity;

  constructor({ tickMs = 5, now = () => performance.now() }: TimeoutWheelOptions = {}) {
    this.#tickMs = tickMs;
    this.#now = now;
  }

  /** How many are pending. */
  get size(): number {
    return this.#size;
  }

  /**
   * Calls back once, unless stopped before.
   *
   * @param ms In milliseconds. With 0 or less: at the next tick; `Infinity`: never.
   */
  start(ms: number, onTimeout: () => void): Timeout {
    const now = this.#now();
    if (this.#size++ === 0) this.#begin(now);
    const dueTick = Math.ceil((now + (ms > 0 ? ms : 0)) / this.#tickMs);
    // A slot that was looked at comes round too late.
    const entry = new Entry(dueTick > this.#tick ? dueTick : this.#tick + 1, onTimeout);
    append(entry, this.#slotOf(entry.dueTick));
    if (entry.dueTick < this.#timerTick) this.#setTimer(entry.dueTick, now);
    return entry;
  }

  /** Stops a time-out; nothing happens if it has fired or been stopped. */
  stop(timeout: Timeout): void {
    const entry = timeout as Entry;
    if (isAlone(entry)) return;
    remove(entry);
    if (--this.#size === 0) this.#timer?.unref();
  }

  #slotOf(tick: number): Entry {
    return this.#slots[tick & (slotCount - 1)] as Entry;
  }

  #begin(now: number): void {
    this.#tick = Math.floor(now / this.#tickMs);
    // A timer of the past was lost with the clock that it ran on, as a test's.
    if (this.#timerTick <= this.#tick) this.#timerTick = Infinity;
    this.#timer?.ref();
  }

  #setTimer(tick: number, now: number): void {
    clearTimeout(this.#timer);
    this.#timerTick = tick;
    // It may be in the past already, if a callback took long.
    const ms = Math.max(1, Math.min(Math.ceil(tick * this.#tickMs - now), longestTimerMs));
    this.#timer = this.#outsideOfCalls(setTimeout, () => this.#onTimer(), ms);
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#timerTick = Infinity;
    this.#collect(Math.floor(this.#now() / this.#tickMs));
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

  /** Moves what is due from the slots of the ticks that have passed; what comes in a later round stays. */
  #collect(tick: number): void {
    const passed = Math.min(tick - this.#tick, slotCount);
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

  /** What a callback that threw left behind is due at once. */
  #setTimerForFirst(): void {
    let tick = this.#tick;
    if (isAlone(this.#due)) {
      do tick++;
      while (isAlone(this.#slotOf(tick)) && tick < this.#tick + slotCount);
    }
    this.#setTimer(tick, this.#now());
  }
}

/** Whether a head is alone, or a node waits nowhere. */
function isAlone(node: Entry): boolean {
  return node.next === node;
}

/** Puts a node that waits nowhere at the end of the ring. */
function append(node: Entry, head: Entry): void {
  node.previous = head.previous;
  node.next = head;
  head.previous.next = node;
  head.previous = node;
}

/** Takes a node out of its ring; nothing happens if it waits nowhere. */
function remove(node: Entry): void {
  node.previous.next = node.next;
  node.next.previous = node.previous;
  node.previous = node;
  node.next = node;
}

/** The time-outs of this process. */
export const timeouts = new TimeoutWheel();
