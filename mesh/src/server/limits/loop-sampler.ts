/** How often the event loop is looked at, in milliseconds. */
const intervalMs = 50;

/** Measures by how much this process's event loop is held up, from `start` to `stop`. */
export class LoopSampler {
  /** By how much the last timer was late, in milliseconds. */
  delayMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;

  start(): void {
    this.#dueAt = performance.now() + intervalMs;
    this.#timer ??= setInterval(this.#onTimer, intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #onTimer = (): void => {
    const now = performance.now();
    this.delayMs = Math.max(0, now - this.#dueAt);
    this.#dueAt = now + intervalMs;
  };
}
