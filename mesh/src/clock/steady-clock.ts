/** How often a watched clock is looked at, in milliseconds. */
const lookEveryMs = 1000;

/** A difference between the two sources that appears between two looks is a jump from this size on, in milliseconds. */
const jumpMs = 1000;

/** A wall clock that has not jumped for this long is believed, in milliseconds: a day. */
const settledAfterMs = 24 * 3_600_000;

/** Where the time comes from, each in milliseconds. */
export interface ClockSources {
  /** The time of day, which may be set. @default Date.now */
  wall?: () => number;
  /** Time that only ever passes. @default performance.now */
  monotonic?: () => number;
  /**
   * Whether another machine tells its time (`compare`). Until it has, nothing may be forgotten: this machine may have
   * started with a wrong clock. @default false
   */
  hasReference?: boolean;
}

/**
 * The time of a machine whose wall clock may be wrong for a while: an
 * administrator sets it, a battery is empty, a laptop sleeps, a virtual machine
 * is resumed. It does not decide which time is right. It keeps the bounds:
 * what is forgotten goes by the earliest time that it may be, what expires by
 * the latest. So a jump makes no process forget what it needs once the clock is
 * right again.
 *
 * All offsets are relative to the monotonic clock, in milliseconds.
 */
export class SteadyClock {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  readonly #hasReference: boolean;
  readonly #listeners = new Set<(byMs: number) => void>();
  /** Of the wall clock, at the last look. */
  #offset: number;
  /** The lowest and the highest since the wall clock was believed last. */
  #lowest: number;
  #highest: number;
  /** Of the other machine's time. */
  #reference: number | undefined;
  #jumpedAt: number;
  #epoch = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ wall, monotonic, hasReference = false }: ClockSources = {}) {
    this.#wall = wall ?? (() => Date.now());
    this.#monotonic = monotonic ?? (() => performance.now());
    this.#hasReference = hasReference;
    this.#offset = this.#lowest = this.#highest = this.#wall() - this.#monotonic();
    this.#jumpedAt = this.#monotonic();
  }

  /** The time of day as this machine has it. */
  now(): number {
    return this.#wall();
  }

  /** The earliest time that it may be: whatever is forgotten goes by it. 0 while the reference has not been heard. */
  earliest(): number {
    this.#look();
    if (!this.#hasReference) return this.#lowest + this.#monotonic();
    if (this.#reference === undefined) return 0;
    return Math.min(this.#lowest, this.#reference) + this.#monotonic();
  }

  /**
   * The latest time that it may be: a credential that expires goes by it. Differs from `now` only after the clock was set
   * back, until the reference confirms the new time.
   */
  latest(): number {
    const wall = this.#wall();
    if (!this.#hasReference) return wall;
    return Math.max(wall, this.#highest + this.#monotonic());
  }

  /** Changes with each jump: what was concluded from the time before is to be concluded again. */
  get epoch(): number {
    return this.#epoch;
  }

  /** How far the wall clock is ahead of the reference, in milliseconds; less than 0 where it is behind. */
  get aheadMs(): number | undefined {
    return this.#reference === undefined ? undefined : this.#look() - this.#reference;
  }

  /** Time that only ever passes, in milliseconds: for `compare`. */
  monotonic(): number {
    return this.#monotonic();
  }

  /**
   * Takes in what time the other machine has.
   *
   * @param time Its wall clock.
   * @param at When it was that, on this clock's monotonic source.
   */
  compare(time: number, at: number): void {
    this.#reference = time - at;
    const offset = this.#look();
    this.#highest = Math.max(offset, Math.min(this.#highest, this.#reference));
  }

  /**
   * Calls the listener within a second of each jump of the wall clock, also of one that goes back to where it was.
   *
   * @param listener Told by how much, in milliseconds.
   * @returns Ends it.
   */
  onJump(listener: (byMs: number) => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= this.#watch();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #watch(): NodeJS.Timeout {
    let seen = { offset: this.#look(), epoch: this.#epoch };
    const look = (): void => {
      const { offset, epoch } = seen;
      seen = { offset: this.#look(), epoch: this.#epoch };
      if (seen.epoch === epoch) return;
      for (const listener of this.#listeners) listener(seen.offset - offset);
    };
    return setInterval(look, lookEveryMs).unref();
  }

  /** Notices what the wall clock did since the last look. @returns Its offset. */
  #look(): number {
    const at = this.#monotonic();
    const offset = this.#wall() - at;
    if (Math.abs(offset - this.#offset) >= jumpMs) {
      this.#jumpedAt = at;
      this.#epoch += 1;
    }
    this.#offset = offset;
    const settled = at - this.#jumpedAt >= settledAfterMs;
    this.#lowest = settled ? offset : Math.min(this.#lowest, offset);
    this.#highest = settled ? offset : Math.max(this.#highest, offset);
    return offset;
  }
}
