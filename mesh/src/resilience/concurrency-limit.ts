import { ConcurrencyTrial } from './concurrency-trial.ts';

export interface ConcurrencyLimitOptions {
  /** Timeout of a call, in milliseconds; also a measure of slowness. */
  timeoutMs: number;
  /** Initial and highest limit. @default 1024 */
  most?: number;
  /** Lowest limit. @default 16 */
  least?: number;
  /** Shortest window of calls to judge, in milliseconds. @default 250 */
  windowMs?: number;
  /** Fewest calls in a window. @default 10 */
  windowCalls?: number;
  /** How much longer than normal a quick call may take, in milliseconds. @default 100 */
  graceMs?: number;
  /**
   * How often a limit is reviewed, in milliseconds: without refusals and slow windows in that time it is lifted,
   * otherwise a higher one is tried. @default 4000
   */
  reviewMs?: number;
  /** Time constants of the baseline, in milliseconds. @default 1000 down, 60000 up */
  baselineMs?: Readonly<{ down: number; up: number }>;
  /** Clock, in milliseconds. @default performance.now */
  now?: () => number;
}

/** An admitted call. */
export interface Ticket {
  /** Start, in milliseconds. */
  readonly at: number;
  /** Calls in progress at that time, itself included. */
  readonly underWay: number;
}

/** How a call ended: `cut-off` by its deadline, `left` by its caller. */
export type CallEnd = 'done' | 'failed' | 'cut-off' | 'left';

/** Counts until the next judgement. */
class Window {
  /** Calls that were done or slow. */
  calls = 0;
  slow = 0;
  /** Slow calls that were cut off. */
  cutOff = 0;
  cutOffMs = 0;
  quickFailures = 0;
  sumMs = 0;
  sumUnderWay = 0;
  mostInFlight: number;
  /** Calls in progress when it began. */
  readonly inFlight: number;
  readonly since: number;

  constructor(since: number, inFlight: number) {
    this.since = since;
    this.inFlight = inFlight;
    this.mostInFlight = inFlight;
  }
}

/**
 * Adaptive concurrency limit of one procedure. While more than half of the finished calls take much longer than
 * normal or are cut off, they wait for one another, and fewer at a time would get as much done: the limit shrinks
 * towards the number at which latency is tolerable. A trial then shows whether it helps: if calls take as long with
 * fewer in progress, the cause is another one and the previous limit returns.
 *
 * Normal is the baseline, an average of latencies that falls within seconds and rises within minutes, but not while
 * calls are limited: a lasting overload must not become normal. Work that is slower for another reason must, or its
 * calls would be refused for ever.
 *
 * @see https://netflixtechblog.medium.com/performance-under-load-3e6fa9a60581
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/adaptive_concurrency_filter
 */
export class ConcurrencyLimit {
  readonly #options: Required<ConcurrencyLimitOptions>;
  readonly #now: () => number;
  #limit: number;
  #inFlight = 0;
  /** Normal latency, in milliseconds; unknown before the first window. */
  #baseline: number | undefined;
  /** Longest latency that is not slow, in milliseconds. */
  #tolerated = Infinity;
  /** Latency that fits the callers' deadlines, in milliseconds, while calls are cut off. */
  #affordable = Infinity;
  /** Time of the last refusal or slow window. */
  #troubledAt = -Infinity;
  #window: Window;
  #trial: ConcurrencyTrial | undefined;
  /** Time of the last trial. */
  #checkedAt = -Infinity;

  constructor(options: ConcurrencyLimitOptions) {
    this.#options = {
      most: 1024,
      least: 16,
      windowMs: 250,
      windowCalls: 10,
      graceMs: 100,
      reviewMs: 4000,
      baselineMs: { down: 1000, up: 60_000 },
      now: () => performance.now(),
      ...options,
    };
    this.#now = this.#options.now;
    this.#limit = this.#options.most;
    this.#window = new Window(this.#now(), 0);
  }

  /** Most calls in progress, a whole number. */
  get limit(): number {
    this.#calmDown(this.#now());
    return Math.floor(this.#limit);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether `tryEnter` would refuse a call now. */
  isFull(share: number): boolean {
    return this.#inFlight >= this.#limit * share && !this.#mayExceed(share);
  }

  /**
   * Admits a call, to be followed by one `finish` or `leave`.
   *
   * @param share Share of the limit for this priority: less than 1 is refused first, more than 1 last.
   * @param now Start of the call.
   * @returns `undefined` if the call is refused.
   */
  tryEnter(share: number, now: number): Ticket | undefined {
    if (this.isFull(share)) return undefined;
    const underWay = ++this.#inFlight;
    if (underWay > this.#window.mostInFlight) this.#window.mostInFlight = underWay;
    return { at: now, underWay };
  }

  /** Ends a call that did not run; its duration does not count. */
  leave(): void {
    this.#inFlight--;
  }

  /** Ends a call. @param now End of its work. */
  finish(call: Ticket, now: number, end: CallEnd): void {
    this.#inFlight--;
    this.#count(call, now, end);
  }

  /** Counts a call whose deadline passed while it waited. @param at Start of the wait. */
  miss(at: number, now: number): void {
    this.#count({ at, underWay: this.#inFlight }, now, 'cut-off');
  }

  /**
   * Quick failures do not count as work: invalid input would make the work look quick. A call that was cut off counts
   * if it had twice the normal time, which fewer than half of the calls exceed (Markov); so a caller with too short a
   * deadline does not lower the limit.
   */
  #count(call: Ticket, now: number, end: CallEnd): void {
    const window = this.#window;
    const latencyMs = now - call.at;
    const cutOff = end === 'cut-off' && latencyMs >= (this.#baseline ?? 0) * 2;
    const slow = cutOff || latencyMs > this.#tolerated;
    if (slow || end === 'done') {
      window.calls++;
      window.sumMs += latencyMs;
      window.sumUnderWay += call.underWay;
      if (slow) window.slow++;
      if (cutOff) {
        window.cutOff++;
        window.cutOffMs += latencyMs;
      }
      if (this.#trial) this.#try(this.#trial, call, { now, cutOff });
    } else if (end === 'failed') {
      window.quickFailures++;
    } else {
      return;
    }
    const { windowCalls, windowMs } = this.#options;
    if (window.calls + window.quickFailures >= windowCalls && now - window.since >= windowMs)
      this.#judge(now);
  }

  /** Reads the clock, which admitted calls need not do. */
  #mayExceed(share: number): boolean {
    const now = this.#now();
    this.#calmDown(now);
    if (this.#inFlight < this.#limit * share) return true;
    this.#troubledAt = now;
    return false;
  }

  /** Lifts a limit that no call has run into for a while; without calls there are no windows. */
  #calmDown(now: number): void {
    if (now - this.#troubledAt <= this.#options.reviewMs) return;
    this.#limit = this.#options.most;
    this.#trial = undefined;
    this.#affordable = Infinity;
  }

  #judge(now: number): void {
    const window = this.#window;
    this.#window = new Window(now, this.#inFlight);
    if (this.#trial?.isStale(now)) this.#endTrial(this.#trial);
    // With enough other calls, quick failures must not hide that those are slow.
    const all =
      window.calls >= this.#options.windowCalls ? window.calls : window.calls + window.quickFailures;
    const most = window.mostInFlight;
    // With so few calls in progress, no limit would have helped.
    const limitable = most > this.#options.least || most >= Math.floor(this.#limit);
    if (window.slow * 2 > all && limitable) this.#onSlow(window, now);
    else if (!this.#trial?.upwards && this.#limit < this.#options.most) this.#grow(most);
    if (window.calls > 0) this.#learn(window.sumMs / window.calls, now - window.since);
  }

  /** An unused limit grows fast; a used one step by step, so that the next window shows the effect. */
  #grow(most: number): void {
    this.#setLimit(most * 2 < this.#limit ? this.#limit * 2 : this.#limit + Math.sqrt(this.#limit));
  }

  #onSlow(window: Window, now: number): void {
    this.#troubledAt = now;
    // Calls end faster than others begin: the rest of a burst, or the effect of the present limit.
    if (this.#inFlight < window.inFlight) return;
    if (this.#trial?.upwards) return;
    const limit = this.#limit;
    const before = { meanMs: window.sumMs / window.calls, underWay: window.sumUnderWay / window.calls };
    const mostlyCutOff = window.cutOff * 2 > window.slow;
    if (limit === this.#options.most) this.#checkedAt = now;
    if (!mostlyCutOff && !this.#trial && now - this.#checkedAt > this.#options.reviewMs) {
      this.#checkedAt = now;
      this.#trial = new ConcurrencyTrial(before, { limit, upwards: true, now });
      this.#setLimit(limit * 2);
      return;
    }
    // The full duration of calls that were cut off is unknown; aim for less than their deadline.
    if (mostlyCutOff) this.#affordable = (window.cutOffMs / window.cutOff) * 0.75;
    else this.#trial ??= new ConcurrencyTrial(before, { limit, upwards: false, now });
    const factor = mostlyCutOff ? 0.5 : Math.min(1, Math.max(0.5, this.#tolerated / before.meanMs));
    const reduced = Math.min(limit, window.mostInFlight) * factor;
    // Some room keeps the workers busy; with deadlines, one call too many would make all of them late.
    this.#setLimit(this.#affordable === Infinity ? reduced + Math.sqrt(reduced) : reduced);
  }

  #try(trial: ConcurrencyTrial, call: Ticket, { now, cutOff }: { now: number; cutOff: boolean }): void {
    const usualMs = trial.add(call, now, cutOff);
    if (usualMs === undefined) return;
    this.#checkedAt = now;
    this.#endTrial(trial);
    if (usualMs === false) return;
    this.#setLimit(trial.upwards ? trial.limit * 4 : trial.limit);
    this.#affordable = Infinity;
    this.#setBaseline(usualMs);
    this.#window = new Window(now, this.#inFlight);
  }

  #endTrial(trial: ConcurrencyTrial): void {
    this.#trial = undefined;
    if (trial.upwards) this.#setLimit(trial.limit);
  }

  #setLimit(limit: number): void {
    this.#limit = Math.min(this.#options.most, Math.max(this.#options.least, limit));
  }

  #learn(meanMs: number, elapsedMs: number): void {
    const before = this.#baseline ?? meanMs;
    const target = Math.min(meanMs, this.#tolerated);
    if (target > before && this.#limit < this.#options.most) {
      this.#setBaseline(before);
      return;
    }
    const { down, up } = this.#options.baselineMs;
    const weight = 1 - Math.exp(-elapsedMs / (target < before ? down : up));
    this.#setBaseline(before + (target - before) * weight);
  }

  #setBaseline(baseline: number): void {
    this.#baseline = baseline;
    // A quarter of the timeout is slow, unless that is normal.
    const longest = Math.min(
      Math.max(this.#options.timeoutMs / 4, baseline * 1.5),
      Math.max(this.#affordable, baseline * 1.5),
    );
    this.#tolerated = Math.min(Math.max(baseline * 2, baseline + this.#options.graceMs), longest);
  }
}
