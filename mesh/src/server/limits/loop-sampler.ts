/** Measures the delay of this process's event loop. */
export class LoopSampler {
  /** How late the last timer fired, in milliseconds. */
  delayMs = 0;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;

  /** @param intervalMs Sampling interval, in milliseconds. */
  constructor(intervalMs = 50) {
    this.#intervalMs = intervalMs;
  }

  start(): void {
    this.#dueAt = performance.now() + this.#intervalMs;
    this.#timer ??= setInterval(this.#onTimer, this.#intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  readonly #onTimer = (): void => {
    const now = performance.now();
    this.delayMs = Math.max(0, now - this.#dueAt);
    this.#dueAt = now + this.#intervalMs;
  };
}
