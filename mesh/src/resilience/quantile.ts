/** Latest latencies that are kept. */
const samples = 5000;

/** Fewest latencies for an estimate. */
const minimum = 100;

/** Age at which a latency stops counting, in milliseconds. */
export const windowMs = 30_000;

/** Time for which sorted latencies are reused, in milliseconds. */
const cacheMs = 200;

/** Estimates quantiles from the latest latencies. */
export class LatencyQuantile {
  readonly #now: () => number;
  readonly #latencies = new Float64Array(samples);
  readonly #times = new Float64Array(samples).fill(-Infinity);
  #observed = 0;
  #sorted = new Float64Array();
  #sortedAt = -Infinity;

  /** @param now Clock, in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param ms In milliseconds; NaN and negative values are ignored. */
  observe(ms: number): void {
    if (!(ms >= 0)) return;
    const place = this.#observed++ % this.#latencies.length;
    this.#latencies[place] = ms;
    this.#times[place] = this.#now();
  }

  /**
   * @param q From 0 to 1: 0.99 is the latency that 99 % of calls do not exceed.
   * @returns In milliseconds; `undefined` with fewer latencies than `minimum`.
   */
  quantile(q: number): number | undefined {
    const time = this.#now();
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
