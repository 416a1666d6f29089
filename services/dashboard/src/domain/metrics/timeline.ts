/** A part of the past, up to the last mark. */
export interface Span {
  /** Marks to go back. */
  readonly marks: number;
  /** What they are apart; 0 before the second mark. */
  readonly seconds: number;
}

/** What a timeline marks. */
interface Marked {
  /** Keeps the totals of now in this slot. */
  mark(slot: number): void;
}

/** The last marks of a number of totals, at common times. The difference of two marks is what happened between them. */
export class Timeline {
  readonly slots: number;
  readonly #times: number[];
  readonly #marked = new Set<Marked>();
  #count = 0;

  /** @param slots Marks that are kept. */
  constructor(slots: number) {
    this.slots = slots;
    this.#times = Array.from({ length: slots }, () => 0);
  }

  join(marked: Marked): void {
    this.#marked.add(marked);
  }

  leave(marked: Marked): void {
    this.#marked.delete(marked);
  }

  /** Marks all totals. @param nowMs On a clock that does not jump. */
  mark(nowMs: number): void {
    const slot = this.#count % this.slots;
    this.#count += 1;
    this.#times[slot] = nowMs;
    for (const marked of this.#marked) marked.mark(slot);
  }

  /** The longest span of marks that is not longer than `ms`, by half a step; at least one step, if there are two marks. */
  last(ms: number): Span {
    const most = Math.min(this.#count, this.slots) - 1;
    if (most < 1) return { marks: 0, seconds: 0 };
    const now = this.#timeOf(0);
    const step = (now - this.#timeOf(most)) / most;
    let marks = 1;
    while (marks < most && now - this.#timeOf(marks + 1) <= ms + step / 2) marks += 1;
    return { marks, seconds: (now - this.#timeOf(marks)) / 1000 };
  }

  /** From the oldest mark until now; of totals, `since` takes it. */
  sinceOldest(nowMs: number): Span {
    const marks = Math.min(this.#count, this.slots) - 1;
    return marks < 0 ? { marks: 0, seconds: 0 } : { marks, seconds: (nowMs - this.#timeOf(marks)) / 1000 };
  }

  /** The slot of a mark. @param marks To go back from the last one. */
  slot(marks: number): number {
    return Math.max(0, this.#count - 1 - marks) % this.slots;
  }

  #timeOf(marks: number): number {
    return this.#times[this.slot(marks)] as number;
  }
}

/** A count that only grows. */
export class Tally {
  readonly #timeline: Timeline;
  readonly #marks: number[];
  #total = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.#marks = Array.from({ length: timeline.slots }, () => 0);
    timeline.join(this);
  }

  add(more: number): void {
    this.#total += more;
  }

  mark(slot: number): void {
    this.#marks[slot] = this.#total;
  }

  /** What was added within a span. */
  over({ marks }: Span): number {
    const at = (back: number) => this.#marks[this.#timeline.slot(back)] as number;
    return at(0) - at(marks);
  }

  /** What was added after the mark that a span begins with. */
  since({ marks }: Span): number {
    return this.#total - (this.#marks[this.#timeline.slot(marks)] as number);
  }

  /** Per second. */
  rate(span: Span): number {
    return span.seconds > 0 ? this.over(span) / span.seconds : 0;
  }

  end(): void {
    this.#timeline.leave(this);
  }
}

/** Tallies by name. Beyond `most` names, new ones share the name `other`. */
export class Tallies {
  readonly #timeline: Timeline;
  readonly #most: number;
  readonly #byName = new Map<string, Tally>();

  constructor(timeline: Timeline, most = 64) {
    this.#timeline = timeline;
    this.#most = most;
  }

  of(name: string): Tally {
    const key = this.#byName.has(name) || this.#byName.size < this.#most ? name : 'other';
    let tally = this.#byName.get(key);
    if (!tally) this.#byName.set(key, (tally = new Tally(this.#timeline)));
    return tally;
  }

  /** Those that changed within a span, most first. */
  over(span: Span): { name: string; count: number }[] {
    const changed: { name: string; count: number }[] = [];
    for (const [name, tally] of this.#byName) {
      const count = tally.over(span);
      if (count > 0) changed.push({ name, count });
    }
    return changed.toSorted((a, b) => b.count - a.count);
  }

  /** Per second, since the oldest mark, most first. */
  sinceOldest(nowMs: number): { name: string; rate: number }[] {
    const span = this.#timeline.sinceOldest(nowMs);
    if (span.seconds <= 0) return [];
    return [...this.#byName]
      .map(([name, tally]) => ({ name, rate: tally.since(span) / span.seconds }))
      .filter(({ rate }) => rate > 0)
      .toSorted((a, b) => b.rate - a.rate);
  }

  end(): void {
    for (const tally of this.#byName.values()) tally.end();
  }
}
