const minuteMs = 60_000;

/** More things than that are forgotten: they count as new again. */
const most = 1000;

/** Says of a thing whether it is the first of its kind within a minute: for what must not fill a log. */
export class OncePerMinute {
  /** When each was last the first, by `performance.now()`; oldest first. */
  readonly #firsts = new Map<string, number>();

  isFirst(thing: string): boolean {
    const now = performance.now();
    const first = this.#firsts.get(thing);
    if (first !== undefined && now - first < minuteMs) return false;
    // Taken out first, so that it stands at the end.
    this.#firsts.delete(thing);
    this.#firsts.set(thing, now);
    const [oldest] = this.#firsts.keys();
    if (this.#firsts.size > most && oldest !== undefined) this.#firsts.delete(oldest);
    return true;
  }
}
