export interface LatencyQuantileOptions {
  /** Number of latest latencies to keep. @default 5000 */
  samples?: number;
  /** Fewest latencies for an estimate. @default 100 */
  minimum?: number;
  /** Age at which a latency stops counting, in milliseconds. @default 30000 */
  windowMs?: number;
  /** Time for which sorted latencies are reused, in milliseconds. @default 200 */
  cacheMs?: number;
  /** Clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/** Estimates quantiles from the latest latencies. */
export class LatencyQuantile {
  readonly #options: Required<LatencyQuantileOptions>;
  readonly #latencies: Float64Array;
  readonly #times: Float64Array;
  #observed = 0;
  #sorted = new Float64Array();
  #sortedAt = -Infinity;

  constructor(options: LatencyQuantileOptions = {}) {
    this.#options = {
      samples: 5000,
      minimum: 100,
      windowMs: 30_000,
      cacheMs: 200,
      now: () => performance.now(),
      ...options,
    };
    this.#latencies = new Float64Array(this.#options.samples);
    this.#times = new Float64Array(this.#options.samples).fill(-Infinity);
  }

  /** @param ms In milliseconds; NaN and negative values are ignored. */
  observe(ms: number): void {
    if (!(ms >= 0)) return;
    const place = this.#observed++ % this.#latencies.length;
    this.#latencies[place] = ms;
    this.#times[place] = this.#options.now();
  }

  /**
   * @param q From 0 to 1: 0.99 is the latency that 99 % of calls do not exceed.
   * @returns In milliseconds; `undefined` with fewer latencies than `minimum`.
   */
  quantile(q: number): number | undefined {
    const { minimum, windowMs, cacheMs, now } = this.#options;
    const time = now();
    if (Math.abs(time - this.#sortedAt) >= cacheMs) {
      this.#sortedAt = time;
      this.#sorted = this.#latencies
        .filter((_, place) => time - (this.#times[place] ?? 0) < windowMs)
        .toSorted();
    }
    const { length } = this.#sorted;
    return length < minimum ? undefined : this.#sorted[Math.max(0, Math.ceil(q * length) - 1)];
  }
}
