/** How much an event loop is held up: `late` above 250 ms, `blocked` above 500 ms. */
export type LoopState = 'in-time' | 'late' | 'blocked';

/** From what delay on each state holds, in milliseconds. */
const lateMs = 250;
const blockedMs = 500;

/**
 * Judges by how much timers are late whether somebody blocks the event loop.
 * One delay says little (a garbage collection, a machine that was suspended);
 * two in a row count, with the shorter of them.
 */
export class LoopDelay {
  #delayMs = 0;
  #state: LoopState = 'in-time';

  /** By how much the last timer was late, in milliseconds. */
  get delayMs(): number {
    return this.#delayMs;
  }

  get state(): LoopState {
    return this.#state;
  }

  /** @param delayMs By how much a timer was late, in milliseconds. */
  sample(delayMs: number): void {
    const both = Math.min(delayMs, this.#delayMs);
    this.#delayMs = delayMs;
    this.#state = both > blockedMs ? 'blocked' : both > lateMs ? 'late' : 'in-time';
  }
}
