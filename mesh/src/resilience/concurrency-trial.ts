/** Mean latency of calls, and mean number of calls in progress when they began. */
export interface Load {
  readonly meanMs: number;
  readonly underWay: number;
}

export interface TrialOptions {
  /** Limit before the trial. */
  limit: number;
  /** Whether the trial raises the limit; otherwise it lowers it. */
  upwards: boolean;
  /** Time of the change, in milliseconds. */
  now: number;
  /** Calls for a verdict. @default 20 */
  calls?: number;
  /** Length of the trial in latencies; quick calls end first and are no fair sample. @default 3 */
  latencies?: number;
  /** Factor by which the number of calls in progress must have changed. @default 4/3 */
  leastChange?: number;
  /** How closely latency must follow the number of calls in progress to be caused by it, from 0 to 1. @default 0.4 */
  leastElasticity?: number;
}

/**
 * Finds out whether calls are slow because many are in progress. By Little's law, calls that wait for one another
 * take as long as there are calls before them; calls that are slow for another reason take as long alone. So calls
 * that begin after a change of the limit are compared with those before. Each is measured by the number in progress
 * when it began, so a queue that grows or drains does not distort the result.
 */
export class ConcurrencyTrial {
  readonly limit: number;
  readonly upwards: boolean;
  readonly #before: Load;
  readonly #options: Required<TrialOptions>;
  #calls = 0;
  #cutOff = 0;
  #sumMs = 0;
  #sumUnderWay = 0;

  constructor(before: Load, options: TrialOptions) {
    this.#before = before;
    this.#options = { calls: 20, latencies: 3, leastChange: 4 / 3, leastElasticity: 0.4, ...options };
    this.limit = options.limit;
    this.upwards = options.upwards;
  }

  /**
   * Adds a finished call.
   *
   * @returns `undefined` before the verdict; `false` if latency follows the number of calls in progress; otherwise
   * the mean latency since the change, in milliseconds.
   */
  add(call: { at: number; underWay: number }, now: number, cutOff: boolean): number | false | undefined {
    const { calls, latencies, now: since } = this.#options;
    if (call.at < since) return undefined;
    this.#calls++;
    this.#sumMs += now - call.at;
    this.#sumUnderWay += call.underWay;
    if (cutOff) this.#cutOff++;
    const fair = this.#calls % calls === 0 && now - since >= this.#longestMs * latencies;
    return fair ? this.#judge() : undefined;
  }

  /** Whether it has taken too long for a verdict. */
  isStale(now: number): boolean {
    return now - this.#options.now > 1000 + this.#longestMs * this.#options.latencies * 2;
  }

  get #longestMs(): number {
    return Math.max(this.#before.meanMs, this.#calls > 0 ? this.#sumMs / this.#calls : 0);
  }

  #judge(): number | false | undefined {
    const { leastChange, leastElasticity } = this.#options;
    const meanMs = this.#sumMs / this.#calls;
    const change = this.#sumUnderWay / this.#calls / this.#before.underWay;
    if (Math.max(change, 1 / change) < leastChange) return undefined;
    // The full latency of calls that were cut off is unknown.
    if (this.#cutOff * 4 > this.#calls) return false;
    // 1 if latency follows the number of calls, 0 if it does not.
    const elasticity = Math.log(meanMs / this.#before.meanMs) / Math.log(change);
    return elasticity < leastElasticity ? meanMs : false;
  }
}
