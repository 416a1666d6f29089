export interface ConcurrencyLimitOptions {
  /** The time-out of a call, in milliseconds: what is slow is judged by it too. */
  timeoutMs: number;
  /** The limit to begin with, and the highest. @default 1024 */
  most?: number;
  /** The lowest limit. @default 16 */
  least?: number;
  /** The clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/** A window is judged when it is as old as this, in milliseconds, … */
const windowMs = 250;
/** … and so many calls have finished in it: of fewer, no share is made. */
const windowCalls = 10;

/** So much longer than normal a call may always take, in milliseconds: nobody queues over what is quick. */
const graceMs = 100;

/** The limit is given up when for so long, in milliseconds, no call was refused and no window was slow. */
const calmMs = 4000;

/** How fast the baseline follows latencies down, and up, as time constants in milliseconds. */
const fallMs = 1000;
const riseMs = 60_000;

/**
 * The most calls of one procedure that are under way at once, found out from
 * how long they take: while more than half of those that finish take much
 * longer than is normal for it, they wait for one another, and fewer at a time
 * would get as much done. It starts at its highest and shrinks only on such
 * evidence, towards the number at which calls take as long as is tolerated.
 *
 * What is normal is the baseline, an average of latencies that falls within
 * seconds and rises within minutes, and never by more than what is tolerated
 * allows: an overload that lasts must not become the measure that it is judged
 * by; but work that has become slower for good does, or its calls would be
 * refused for ever.
 *
 * @see https://netflixtechblog.medium.com/performance-under-load-3e6fa9a60581
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/adaptive_concurrency_filter
 */
export class ConcurrencyLimit {
  readonly #timeoutMs: number;
  readonly #highest: number;
  readonly #lowest: number;
  readonly #now: () => number;
  #limit: number;
  #inFlight = 0;
  /** What is normal, in milliseconds; not known before the first window. */
  #baseline: number | undefined;
  /** What is not yet slow, in milliseconds. */
  #tolerated = Infinity;
  /** When a call was last refused, or a window last slow. */
  #troubledAt = -Infinity;

  // The present window.
  #since: number;
  #calls = 0;
  #slow = 0;
  #sumMs = 0;
  #mostInFlight = 0;

  constructor({
    timeoutMs,
    most = 1024,
    least = 16,
    now = () => performance.now(),
  }: ConcurrencyLimitOptions) {
    this.#timeoutMs = timeoutMs;
    this.#highest = most;
    this.#lowest = least;
    this.#now = now;
    this.#limit = most;
    this.#since = now();
  }

  /** How many calls may be under way at once, as a whole number. */
  get limit(): number {
    this.#calmDown(this.#now());
    return Math.floor(this.#limit);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Asks for a call; `true` is to be followed by one `finish` or `leave`.
   *
   * @param share Of the limit that calls of its kind may use: less than 1 for what is refused first, more for what is refused last.
   */
  tryEnter(share: number): boolean {
    if (this.#inFlight >= this.#limit * share && !this.#mayExceed(share)) return false;
    if (++this.#inFlight > this.#mostInFlight) this.#mostInFlight = this.#inFlight;
    return true;
  }

  /** A call is over that was not worked on: how long it was here says nothing. */
  leave(): void {
    this.#inFlight--;
  }

  /**
   * A call is over.
   *
   * @param latencyMs How long it was worked on, in milliseconds.
   * @param now When it was over.
   * @param succeeded What failed counts only where that took long: an input refused at once would make the work look quick.
   */
  finish(latencyMs: number, now: number, succeeded: boolean): void {
    this.#inFlight--;
    const slow = latencyMs > this.#tolerated;
    if (!slow && !succeeded) return;
    this.#calls++;
    this.#sumMs += latencyMs;
    if (slow) this.#slow++;
    if (this.#calls >= windowCalls && now - this.#since >= windowMs) this.#judge(now);
  }

  /** Off the path of calls that are let in: only here the clock is looked at. */
  #mayExceed(share: number): boolean {
    const now = this.#now();
    this.#calmDown(now);
    if (this.#inFlight < this.#limit * share) return true;
    this.#troubledAt = now;
    return false;
  }

  /** Without calls there are no windows: what nobody has run into for a while is over. */
  #calmDown(now: number): void {
    if (now - this.#troubledAt > calmMs) this.#limit = this.#highest;
  }

  #judge(now: number): void {
    const mean = this.#sumMs / this.#calls;
    const most = this.#mostInFlight;
    // Where so few were under way, no limit would have helped.
    if (this.#slow * 2 > this.#calls && most > this.#lowest) {
      this.#troubledAt = now;
      const reduced = Math.min(this.#limit, most) * Math.min(1, Math.max(0.5, this.#tolerated / mean));
      this.#setLimit(reduced + Math.sqrt(reduced));
    } else if (this.#limit < this.#highest) {
      // What is not used may grow fast; what is, step by step, so that the next window shows what came of it.
      this.#setLimit(most * 2 < this.#limit ? this.#limit * 2 : this.#limit + Math.sqrt(this.#limit));
    }
    this.#learn(mean, now - this.#since);
    this.#since = now;
    this.#calls = 0;
    this.#slow = 0;
    this.#sumMs = 0;
    this.#mostInFlight = this.#inFlight;
  }

  #setLimit(limit: number): void {
    this.#limit = Math.min(this.#highest, Math.max(this.#lowest, limit));
  }

  #learn(meanMs: number, elapsedMs: number): void {
    const before = this.#baseline ?? meanMs;
    const target = Math.min(meanMs, this.#tolerated);
    const weight = 1 - Math.exp(-elapsedMs / (target < before ? fallMs : riseMs));
    const baseline = before + (target - before) * weight;
    this.#baseline = baseline;
    // A caller waits no longer than the time-out: what takes a quarter of it is slow, unless it always does.
    const longest = Math.max(this.#timeoutMs / 4, baseline * 1.5);
    this.#tolerated = Math.min(Math.max(baseline * 2, baseline + graceMs), longest);
  }
}
