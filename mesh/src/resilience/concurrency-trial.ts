/** What calls took, and how many were under way when they began; both are means. */
export interface Load {
  readonly meanMs: number;
  readonly underWay: number;
}

/** A verdict rests on so many calls at least. */
const trialCalls = 20;

/** It goes on for so many times what a call takes: calls that are quicker than others are over first, and are no fair sample. */
const fairShare = 3;

/** How many were under way must have changed by this factor: a smaller change shows nothing. */
const leastChange = 4 / 3;

/** How closely what calls take must follow how many are under way, from 0 to 1, for the one to come from the other. */
const leastElasticity = 0.4;

/**
 * Finds out whether calls take long because many are under way. By Little's
 * law, calls that wait for one another take as long as there are others before
 * them; what is slow for another reason takes as long when it is alone. So
 * the calls that begin after the limit was changed are compared with those
 * before. Each is measured by how many were under way when it began, so that
 * a queue that still grows, or drains, misleads nobody.
 */
export class ConcurrencyTrial {
  /** What the limit was when it began. */
  readonly limit: number;
  /** Whether more are let in than before; else fewer. */
  readonly upwards: boolean;
  readonly #before: Load;
  readonly #since: number;
  #calls = 0;
  #cutOff = 0;
  #sumMs = 0;
  #sumUnderWay = 0;

  /** @param now When the limit is changed. */
  constructor(before: Load, { limit, upwards, now }: { limit: number; upwards: boolean; now: number }) {
    this.#before = before;
    this.limit = limit;
    this.upwards = upwards;
    this.#since = now;
  }

  /**
   * Adds a call that is over.
   *
   * @returns What calls take that began since, in milliseconds, once it is certain that this does not come from how
   * many are under way; `false` once it is certain that it does; before that `undefined`.
   */
  add(call: { at: number; underWay: number }, now: number, cutOff: boolean): number | false | undefined {
    if (call.at < this.#since) return undefined;
    this.#calls++;
    this.#sumMs += now - call.at;
    this.#sumUnderWay += call.underWay;
    if (cutOff) this.#cutOff++;
    const fair = this.#calls % trialCalls === 0 && now - this.#since >= this.#longestMs * fairShare;
    return fair ? this.#judge() : undefined;
  }

  /** Whether it has gone on for so long that nothing will come of it. */
  isStale(now: number): boolean {
    return now - this.#since > 1000 + this.#longestMs * fairShare * 2;
  }

  get #longestMs(): number {
    return Math.max(this.#before.meanMs, this.#calls > 0 ? this.#sumMs / this.#calls : 0);
  }

  #judge(): number | false | undefined {
    const meanMs = this.#sumMs / this.#calls;
    const change = this.#sumUnderWay / this.#calls / this.#before.underWay;
    if (Math.max(change, 1 / change) < leastChange) return undefined;
    // How long those would have taken is not known.
    if (this.#cutOff * 4 > this.#calls) return false;
    // 1 where the time follows the number, 0 where it does not.
    const elasticity = Math.log(meanMs / this.#before.meanMs) / Math.log(change);
    return elasticity < leastElasticity ? meanMs : false;
  }
}
