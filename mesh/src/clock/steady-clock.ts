/** Interval of checks for jumps, in milliseconds. */
const lookEveryMs = 1000;

/** Smallest change of the offset that counts as a jump, in milliseconds. */
const jumpMs = 1000;

/** Time without a jump after which the wall clock is trusted, in milliseconds: a day. */
const settledAfterMs = 24 * 3_600_000;

/** Sources of the time, in milliseconds. */
export interface ClockSources {
  /** Time of day, which may be set. @default Date.now */
  wall?: () => number;
  /** Time that only increases. @default performance.now */
  monotonic?: () => number;
  /**
   * Whether `compare` gets another machine's time. Until it has, `earliest` is 0: this machine may have started with a
   * wrong clock. @default false
   */
  hasReference?: boolean;
}

/**
 * The time of a machine whose wall clock may be wrong for a while, for example
 * after an administrator has set it, or after a laptop or virtual machine
 * resumes. It does not decide which time is right but keeps bounds: use
 * `earliest` to forget entries and `latest` to expire credentials. So a jump
 * does not remove what is needed once the clock is right again.
 *
 * All offsets are relative to the monotonic clock, in milliseconds.
 *
 * @example
 * const clock = new SteadyClock();
 * const expiresAt = clock.now() + 60_000;
 * const expired = () => clock.latest() >= expiresAt;
 */
export class SteadyClock {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  readonly #hasReference: boolean;
  readonly #listeners = new Set<(byMs: number) => void>();
  /** Offset of the wall clock at the last check. */
  #offset: number;
  /** Lowest and highest offset since the wall clock was last trusted. */
  #lowest: number;
  #highest: number;
  /** Offset of the reference. */
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

  /** The time of this machine's wall clock. */
  now(): number {
    return this.#wall();
  }

  /** The earliest time that it may be, to forget entries by. 0 before the first `compare` if there is a reference. */
  earliest(): number {
    this.#look();
    if (!this.#hasReference) return this.#lowest + this.#monotonic();
    if (this.#reference === undefined) return 0;
    return Math.min(this.#lowest, this.#reference) + this.#monotonic();
  }

  /**
   * The latest time that it may be, to expire credentials by. Differs from `now` only after the clock was set back, until
   * the reference confirms the new time.
   */
  latest(): number {
    const wall = this.#wall();
    if (!this.#hasReference) return wall;
    return Math.max(wall, this.#highest + this.#monotonic());
  }

  /** Changes with each jump: results that depend on an earlier time must be computed again. */
  get epoch(): number {
    return this.#epoch;
  }

  /** How far the wall clock is ahead of the reference, in milliseconds; negative if behind; `undefined` before `compare`. */
  get aheadMs(): number | undefined {
    return this.#reference === undefined ? undefined : this.#look() - this.#reference;
  }

  /** Time that only increases, in milliseconds. */
  monotonic(): number {
    return this.#monotonic();
  }

  /**
   * Sets the time of the reference.
   *
   * @param time Its wall clock, in milliseconds since 1970.
   * @param at When it was read, by `monotonic()`.
   */
  compare(time: number, at: number): void {
    this.#reference = time - at;
    const offset = this.#look();
    this.#highest = Math.max(offset, Math.min(this.#highest, this.#reference));
  }

  /**
   * Calls the listener within a second of each jump of the wall clock, also of a jump back to the right time.
   *
   * @param listener Gets the size of the jump, in milliseconds.
   * @returns Removes the listener.
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

  /** Checks for a jump. @returns The offset. */
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
