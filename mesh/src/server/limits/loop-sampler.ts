/** Sampling interval, in milliseconds. */
const intervalMs = 50;

/** Measures the delay of this process's event loop. */
export class LoopSampler {
  /** How late the last timer fired, in milliseconds. */
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
