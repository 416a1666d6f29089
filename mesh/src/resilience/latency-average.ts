export interface LatencyAverageOptions {
  /** After so long, in milliseconds, 37 % is left of what was: the time constant. @default 10000 */
  decayMs?: number;
  /** The clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/** The least that is observed, so that only an endpoint that was never heard of stands at 0. A microsecond. */
const leastMs = 0.001;
/** What a failure that came fast is taken for, at least and at most. */
const leastPenaltyMs = 1;
const mostPenaltyMs = 1000;
/** No answer after so many weighs more than one of so many in the mean: one alone must not make an outlier. */
const answersInMean = 16;
/** What an endpoint is taken for that has calls in flight and has answered none. */
const unknownMs = 60_000;

/**
 * How fast one endpoint answers, as a balancer needs to know it: slower is
 * believed at once, faster only with time. The value also falls while nothing
 * is observed, so that an endpoint that was slow once is tried again: one that
 * was twenty times slower than the others after 30 s at the default.
 *
 * Finagle's and Linkerd's "peak EWMA", with its average of unevenly spaced times.
 *
 * @see https://linkerd.io/2016/03/16/beyond-round-robin-load-balancing-for-latency/
 */
export class LatencyAverage {
  readonly #decayMs: number;
  readonly #now: () => number;
  #peak = 0;
  #mean = 0;
  /** How many the mean is made of, up to so many. */
  #answers = 0;
  /** When either last changed. */
  #changedAt = 0;

  constructor({ decayMs = 10_000, now = () => performance.now() }: LatencyAverageOptions = {}) {
    this.#decayMs = decayMs;
    this.#now = now;
  }

  /** @param ms How long an answer took, in milliseconds; what is no such time is not heard. */
  observe(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) return;
    const now = this.#now();
    const kept = this.#keptAt(now);
    const seen = ms > leastMs ? ms : leastMs;
    this.#peak = seen > this.#peak ? seen : seen + (this.#peak - seen) * kept;
    if (this.#answers < answersInMean) this.#answers += 1;
    // By time, but that after a rest one answer would be all there is.
    this.#mean += (seen - this.#mean) * (this.#mean === 0 ? 1 : Math.min(1 - kept, 1 / this.#answers));
    this.#changedAt = now;
  }

  /**
   * Counts a failure as twice as slow as the endpoint now seems, from 1 ms to
   * 1 s, or as long as it took if that is longer. Otherwise one that fails
   * fast would look like the best of all.
   *
   * @param elapsedMs How long it took to fail, in milliseconds.
   */
  penalise(elapsedMs: number): void {
    const now = this.#now();
    const value = this.#peak * this.#keptAt(now);
    const penalty = Math.min(Math.max(2 * value, leastPenaltyMs), mostPenaltyMs);
    const elapsed = elapsedMs < Infinity ? elapsedMs : 0;
    this.#peak = Math.max(value, penalty, elapsed);
    this.#changedAt = now;
  }

  /** In milliseconds, never less than what was observed last, but for what time took off; 0 if nothing is known. */
  value(): number {
    return this.#peak * this.#keptAt(this.#now());
  }

  /**
   * The same without the alarm, to compare endpoints by what they usually
   * take: a single pause hardly moves it, failures do not, and it stays as it
   * is while nothing is observed. In milliseconds; 0 if nothing was.
   */
  mean(): number {
    return this.#mean;
  }

  /**
   * What one call more costs: the value for each in flight and for itself. An
   * endpoint of which nothing is known costs nothing, for one call; until that
   * has ended it is the last choice, so that a new one is not flooded.
   *
   * @param inFlight How many calls the endpoint has not yet answered.
   */
  cost(inFlight: number): number {
    const value = this.value();
    if (value > 0) return value * (inFlight + 1);
    return inFlight > 0 ? unknownMs * (inFlight + 1) : 0;
  }

  /** The share that is left of what was. Under a clock that went back, all of it, and time counts from there. */
  #keptAt(now: number): number {
    if (now < this.#changedAt) this.#changedAt = now;
    return Math.exp((this.#changedAt - now) / this.#decayMs);
  }
}
