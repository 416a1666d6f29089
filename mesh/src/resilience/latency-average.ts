/** Bounds of the latency that a quick failure counts as, in milliseconds. */
const penaltyMs = { least: 1, most: 1000 };

/** Each answer weighs at most 1/n in the mean, so that one alone makes no outlier. */
const answersInMean = 16;

export interface LatencyAverageOptions {
  /** Time after which 37 % of a value is left, in milliseconds. @default 6000 */
  decayMs?: number;
  /** Clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/**
 * Latency of one endpoint for a balancer ("peak EWMA" of Finagle and Linkerd, with irregular samples). It rises at
 * once and falls slowly, also while no answer comes, so that an endpoint that was slow is tried again: 20 times
 * slower than the others is forgotten after three times `decayMs`.
 *
 * The default decay is shorter than Finagle's 10 s, because a process that has just started is slow once.
 *
 * @see https://linkerd.io/2016/03/16/beyond-round-robin-load-balancing-for-latency/
 */
export class LatencyAverage {
  readonly #decayMs: number;
  readonly #now: () => number;
  #peak = 0;
  #mean = 0;
  /** Answers in the mean, at most `answersInMean`. */
  #answers = 0;
  /** Time of the last change. */
  #changedAt = 0;

  constructor({ decayMs = 6000, now = () => performance.now() }: LatencyAverageOptions = {}) {
    this.#decayMs = decayMs;
    this.#now = now;
  }

  /** @param ms Duration of an answer, in milliseconds; invalid values are ignored. */
  observe(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) return;
    const now = this.#now();
    const kept = this.#keptAt(now);
    // Only an endpoint without any answer has the value 0.
    const seen = Math.max(ms, Number.EPSILON);
    this.#peak = seen > this.#peak ? seen : seen + (this.#peak - seen) * kept;
    if (this.#answers < answersInMean) this.#answers += 1;
    // Weighed by time alone, the first answer after a pause would replace the mean.
    this.#mean += (seen - this.#mean) * (this.#mean === 0 ? 1 : Math.min(1 - kept, 1 / this.#answers));
    this.#changedAt = now;
  }

  /**
   * Records a failure as twice the current value, within `penaltyMs`, or as its duration if that is longer. Otherwise
   * an endpoint that fails fast would look like the best one.
   *
   * @param elapsedMs Time until the failure, in milliseconds.
   */
  penalise(elapsedMs: number): void {
    const now = this.#now();
    const value = this.#peak * this.#keptAt(now);
    const penalty = Math.min(Math.max(2 * value, penaltyMs.least), penaltyMs.most);
    const elapsed = elapsedMs < Infinity ? elapsedMs : 0;
    this.#peak = Math.max(value, penalty, elapsed);
    this.#changedAt = now;
  }

  /** Current value in milliseconds; 0 if unknown. */
  value(): number {
    return this.#peak * this.#keptAt(this.#now());
  }

  /**
   * Mean latency in milliseconds, to compare endpoints; 0 if unknown. One pause hardly changes it; failures and time
   * without answers do not.
   */
  mean(): number {
    return this.#mean;
  }

  /**
   * Cost of one more call: the value times the calls in flight, itself included. An unknown endpoint is free for one
   * call and the last choice until that call ends, so that it is not flooded.
   *
   * @param inFlight Unanswered calls of the endpoint.
   */
  cost(inFlight: number): number {
    const value = this.value();
    if (value > 0) return value * (inFlight + 1);
    return inFlight * Number.MAX_SAFE_INTEGER;
  }

  /** Share of a value that is left. After a clock that went back, decay starts from there. */
  #keptAt(now: number): number {
    if (now < this.#changedAt) this.#changedAt = now;
    return Math.exp((this.#changedAt - now) / this.#decayMs);
  }
}
