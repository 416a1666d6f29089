/** How much an event loop is held up: `late` above 250 ms, `blocked` above 500 ms. */
export type LoopState = 'in-time' | 'late' | 'blocked';

/** From what delay on each state holds, in milliseconds. */
const lateMs = 250;
const blockedMs = 500;

/** So many of the last timers are judged. */
const remembered = 20;

/**
 * Judges by how much timers are late whether somebody blocks the event loop.
 * One delay says little (a garbage collection, a machine that was suspended);
 * of those remembered the second longest counts, also where timers between the
 * two came in time: a loop that is blocked most of the time serves nobody.
 */
export class LoopDelay {
  readonly #last = Array.from({ length: remembered }, () => 0);
  #next = 0;
  /** By how much the last timer was late, in milliseconds. */
  delayMs = 0;
  state: LoopState = 'in-time';

  /** @param delayMs By how much a timer was late, in milliseconds. */
  sample(delayMs: number): void {
    this.delayMs = delayMs;
    this.#last[this.#next] = delayMs;
    this.#next = (this.#next + 1) % remembered;
    let longest = 0;
    let second = 0;
    for (const delay of this.#last) {
      if (delay > longest) [second, longest] = [longest, delay];
      else if (delay > second) second = delay;
    }
    this.state = second > blockedMs ? 'blocked' : second > lateMs ? 'late' : 'in-time';
  }
}
