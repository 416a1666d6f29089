/** How long what happens to calls counts, in milliseconds, for the judgement of an endpoint and for retries. */
export const usualWindowMs = 10_000;

/** Fewest calls in a window for a judgement. */
export const fewestCalls = 20;

/** Buckets of a window. */
const buckets = 10;

/**
 * Sum of whole numbers over a sliding window, in buckets. A number leaves with its bucket, so the window is up to one
 * bucket shorter than `windowMs`.
 */
export class SlidingSum {
  readonly #buckets: Float64Array;
  readonly #bucketMs: number;
  /** Newest bucket, counted from time 0. */
  #newest = 0;
  #at = 0;
  #sum = 0;

  /** @param windowMs How long a number counts, in milliseconds. */
  constructor(windowMs: number) {
    this.#buckets = new Float64Array(buckets);
    this.#bucketMs = windowMs / buckets;
  }

  /** @param now In milliseconds; after a clock that went back, adds to the newest bucket. */
  add(amount: number, now: number): void {
    const bucket = Math.floor(now / this.#bucketMs);
    if (bucket > this.#newest) this.#slideTo(bucket);
    this.#buckets[this.#at] = (this.#buckets[this.#at] ?? 0) + amount;
    this.#sum += amount;
  }

  total(now: number): number {
    const bucket = Math.floor(now / this.#bucketMs);
    if (bucket > this.#newest) this.#slideTo(bucket);
    return this.#sum;
  }

  clear(): void {
    this.#buckets.fill(0);
    this.#sum = 0;
  }

  #slideTo(bucket: number): void {
    const { length } = this.#buckets;
    if (bucket - this.#newest >= length) this.clear();
    else {
      for (let passed = this.#newest + 1; passed <= bucket; passed++) {
        this.#sum -= this.#buckets[passed % length] ?? 0;
        this.#buckets[passed % length] = 0;
      }
    }
    this.#newest = bucket;
    this.#at = bucket % length;
  }
}
