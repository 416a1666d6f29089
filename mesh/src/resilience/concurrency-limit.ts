import { ConcurrencyTrial } from './concurrency-trial.ts';

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

/** While it is limited, it is found out anew so often, in milliseconds, whether that helps. */
const recheckMs = 5000;

/** How fast the baseline follows latencies down, and up, as time constants in milliseconds. */
const fallMs = 1000;
const riseMs = 60_000;

/** A call that was let in. */
export interface Ticket {
  /** When it began, in milliseconds. */
  readonly at: number;
  /** How many were under way then, itself included. */
  readonly underWay: number;
}

/** How a call ended: `cut-off` as it had no time left, `left` as its caller went away before it was done. */
export type CallEnd = 'done' | 'failed' | 'cut-off' | 'left';

/** What is counted until the next judgement. */
class Window {
  /** Those that were done, and those that were slow. */
  calls = 0;
  slow = 0;
  /** Of the slow ones, those that were cut off, and what they took. */
  cutOff = 0;
  cutOffMs = 0;
  quickFailures = 0;
  sumMs = 0;
  sumUnderWay = 0;
  mostInFlight: number;
  readonly since: number;

  constructor(since: number, inFlight: number) {
    this.since = since;
    this.mostInFlight = inFlight;
  }
}

/**
 * The most calls of one procedure that are under way at once, found out from
 * how long they take: while more than half of those that finish take much
 * longer than is normal for it, or are cut off, they wait for one another, and
 * fewer at a time would get as much done. It starts at its highest and shrinks
 * only on such evidence, towards the number at which calls take as long as is
 * tolerated. Whether it helps is then looked at: if calls take as long although
 * fewer are under way, the reason is another, and the limit is what it was.
 *
 * What is normal is the baseline, an average of latencies that falls within
 * seconds and rises within minutes, and not while calls are limited: an
 * overload that lasts must not become the measure that it is judged by. Work
 * that has become slower for another reason does, or its calls would be refused
 * for ever.
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
  /** What callers have time for, in milliseconds, while they are cut off. */
  #affordable = Infinity;
  /** When a call was last refused, or a window last slow. */
  #troubledAt = -Infinity;
  #window: Window;
  #trial: ConcurrencyTrial | undefined;
  /** When it was last found out whether the limit helps. */
  #checkedAt = -Infinity;

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
    this.#window = new Window(now(), 0);
  }

  /** How many calls may be under way at once, as a whole number. */
  get limit(): number {
    this.#calmDown(this.#now());
    return Math.floor(this.#limit);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether a call would be refused now; nothing is held. @param share As for `tryEnter`. */
  isFull(share: number): boolean {
    return this.#inFlight >= this.#limit * share && !this.#mayExceed(share);
  }

  /**
   * Asks for a call; what it returns is to be followed by one `finish` or `leave`.
   *
   * @param share Of the limit that calls of its kind may use: less than 1 for what is refused first, more for what is refused last.
   * @param now When the call begins.
   * @returns `undefined` if it is refused.
   */
  tryEnter(share: number, now: number): Ticket | undefined {
    if (this.isFull(share)) return undefined;
    const underWay = ++this.#inFlight;
    if (underWay > this.#window.mostInFlight) this.#window.mostInFlight = underWay;
    return { at: now, underWay };
  }

  /** A call is over that was not worked on: how long it was here says nothing. */
  leave(): void {
    this.#inFlight--;
  }

  /** A call is over. @param now When its work was over. */
  finish(call: Ticket, now: number, end: CallEnd): void {
    this.#inFlight--;
    this.#count(call, now, end);
  }

  /** A call was given up before it began, as its time had passed. @param at Since when it waited. */
  miss(at: number, now: number): void {
    this.#count({ at, underWay: this.#inFlight }, now, 'cut-off');
  }

  /**
   * What fails counts as work only where that took long: an input refused at once would make the work look quick. What
   * was cut off counts where it had twice the time that is normal: fewer than half of the calls take so long (Markov),
   * so that callers who allow too little limit nobody.
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
    if (window.calls + window.quickFailures >= windowCalls && now - window.since >= windowMs)
      this.#judge(now);
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
    if (now - this.#troubledAt <= calmMs) return;
    this.#limit = this.#highest;
    this.#trial = undefined;
    this.#affordable = Infinity;
  }

  #judge(now: number): void {
    const window = this.#window;
    this.#window = new Window(now, this.#inFlight);
    if (this.#trial?.isStale(now)) this.#endTrial(this.#trial);
    // Quick failures are not to hide how slow the rest is, where there is enough of that.
    const all = window.calls >= windowCalls ? window.calls : window.calls + window.quickFailures;
    const most = window.mostInFlight;
    // Where so few were under way that no call met a limit, none would have helped.
    const limitable = most > this.#lowest || most >= Math.floor(this.#limit);
    if (window.slow * 2 > all && limitable) this.#onSlow(window, now);
    else if (!this.#trial?.upwards && this.#limit < this.#highest) this.#grow(most);
    if (window.calls > 0) this.#learn(window.sumMs / window.calls, now - window.since);
  }

  /** What is not used may grow fast; what is, step by step, so that the next window shows what came of it. */
  #grow(most: number): void {
    this.#setLimit(most * 2 < this.#limit ? this.#limit * 2 : this.#limit + Math.sqrt(this.#limit));
  }

  #onSlow(window: Window, now: number): void {
    this.#troubledAt = now;
    if (this.#trial?.upwards) return;
    const limit = this.#limit;
    const before = { meanMs: window.sumMs / window.calls, underWay: window.sumUnderWay / window.calls };
    const mostlyCutOff = window.cutOff * 2 > window.slow;
    if (limit === this.#highest) this.#checkedAt = now;
    if (!mostlyCutOff && !this.#trial && now - this.#checkedAt > recheckMs) {
      this.#checkedAt = now;
      this.#trial = new ConcurrencyTrial(before, { limit, upwards: true, now });
      this.#setLimit(limit * 2);
      return;
    }
    // How long they would have taken is not known: they are to take less than they have.
    if (mostlyCutOff) this.#affordable = (window.cutOffMs / window.cutOff) * 0.75;
    else this.#trial ??= new ConcurrencyTrial(before, { limit, upwards: false, now });
    const factor = mostlyCutOff ? 0.5 : Math.min(1, Math.max(0.5, this.#tolerated / before.meanMs));
    const reduced = Math.min(limit, window.mostInFlight) * factor;
    // Some room, so that it never runs dry; where one too many makes all of them late there is none to give.
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
    this.#limit = Math.min(this.#highest, Math.max(this.#lowest, limit));
  }

  #learn(meanMs: number, elapsedMs: number): void {
    const before = this.#baseline ?? meanMs;
    const target = Math.min(meanMs, this.#tolerated);
    if (target > before && this.#limit < this.#highest) {
      this.#setBaseline(before);
      return;
    }
    const weight = 1 - Math.exp(-elapsedMs / (target < before ? fallMs : riseMs));
    this.#setBaseline(before + (target - before) * weight);
  }

  #setBaseline(baseline: number): void {
    this.#baseline = baseline;
    // A caller waits no longer than the time-out: what takes a quarter of it is slow, unless it always does.
    const longest = Math.min(
      Math.max(this.#timeoutMs / 4, baseline * 1.5),
      Math.max(this.#affordable, baseline * 1.5),
    );
    this.#tolerated = Math.min(Math.max(baseline * 2, baseline + graceMs), longest);
  }
}
