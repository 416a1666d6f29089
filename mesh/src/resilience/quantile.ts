export interface LatencyQuantileOptions {
  /** How long an observation counts, in milliseconds; it leaves with a third of them. @default 30000 */
  windowMs?: number;
  /** The fewest observations within the window that a quantile is made of. @default 100 */
  minimum?: number;
  /** How long what was worked out holds, in milliseconds. @default 100 */
  cacheMs?: number;
  /** The clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/**
 * Buckets as those of HdrHistogram: the range of each doubling is cut into
 * eight of equal width, so that the middle of one is within 6.3 % of all in it.
 */
const perDoubling = 8;
/** The shortest time told apart is eight units, 0.05 ms. */
const unitsPerMs = 160;
const longestMs = 60_000;
/** The bits of a number of units that the first doubling has: 8 to 15. */
const bitsOfFirst = 4;
const bucketCount = bucketOf(longestMs) + 1;

const windows = 3;
/** Reading the clock costs more than to count: it is read once for so many observations. A power of two. */
const observationsPerLook = 64;

/**
 * Estimates a quantile of latencies over about the last half minute: the
 * current third of it, which is partial, and the two before. Within 10 %, from
 * 0.05 ms to a minute; what is shorter or longer counts as that.
 *
 * @see https://hdrhistogram.github.io/HdrHistogram/
 */
export class LatencyQuantile {
  readonly #windowMs: number;
  readonly #minimum: number;
  readonly #cacheMs: number;
  readonly #now: () => number;
  /** The windows one after another, each a count for each bucket. */
  readonly #counts = new Float64Array(windows * bucketCount);
  /** The newest window, counted from the clock's zero, and where its counts begin. */
  #newest = 0;
  #at = 0;
  #observed = 0;
  #cached: number | undefined;
  #cachedFor = Number.NaN;
  #cachedAt = 0;

  constructor({
    windowMs = 30_000,
    minimum = 100,
    cacheMs = 100,
    now = () => performance.now(),
  }: LatencyQuantileOptions = {}) {
    this.#windowMs = windowMs / windows;
    this.#minimum = minimum;
    this.#cacheMs = cacheMs;
    this.#now = now;
  }

  /** @param ms In milliseconds; what is no time is not heard. */
  observe(ms: number): void {
    if (!(ms >= 0)) return;
    if ((this.#observed++ & (observationsPerLook - 1)) === 0) this.#turnTo(this.#now());
    const place = this.#at + bucketOf(ms);
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  /**
   * @param q From 0 to 1: at 0.99, what 99 of a hundred do not exceed.
   * @returns In milliseconds; `undefined` where too little was observed.
   */
  quantile(q: number): number | undefined {
    const now = this.#now();
    const age = now - this.#cachedAt;
    if (q === this.#cachedFor && age >= 0 && age < this.#cacheMs) return this.#cached;
    this.#turnTo(now);
    this.#cachedFor = q;
    this.#cachedAt = now;
    this.#cached = this.#workOut(q);
    return this.#cached;
  }

  #workOut(q: number): number | undefined {
    let total = 0;
    for (const count of this.#counts) total += count;
    if (total < this.#minimum || total === 0) return undefined;
    const rank = Math.max(1, q * total);
    let passed = 0;
    let bucket = -1;
    while (passed < rank && bucket < bucketCount - 1) {
      bucket++;
      for (let window = 0; window < windows; window++)
        passed += this.#counts[window * bucketCount + bucket] ?? 0;
    }
    return middleOf(bucket);
  }

  /** Empties the windows that have become too old. A clock that goes backwards adds to the newest. */
  #turnTo(now: number): void {
    const window = Math.floor(now / this.#windowMs);
    if (window <= this.#newest) return;
    for (let passed = Math.max(this.#newest, window - windows) + 1; passed <= window; passed++) {
      this.#at = (passed % windows) * bucketCount;
      this.#counts.fill(0, this.#at, this.#at + bucketCount);
    }
    this.#newest = window;
  }
}

/** The first four bits of the number of units say which eighth, their place which doubling. */
function bucketOf(ms: number): number {
  const units = (ms < longestMs ? ms : longestMs) * unitsPerMs;
  if (units < perDoubling) return 0;
  const doublings = 32 - bitsOfFirst - Math.clz32(units);
  return doublings * perDoubling + (units >>> doublings) - perDoubling;
}

function middleOf(bucket: number): number {
  const doublings = Math.floor(bucket / perDoubling);
  return (((bucket % perDoubling) + perDoubling + 0.5) * 2 ** doublings) / unitsPerMs;
}
