interface Group<Event> {
  /** The first event. */
  readonly event: Event;
  /** Events since the last report, and the time of the first of them. */
  count: number;
  since: Date;
  quietPeriods: number;
  readonly timers: readonly NodeJS.Timeout[];
}

export interface AggregatorOptions<Event> {
  /**
   * Reports a group.
   *
   * @param event The first event of the group.
   * @param count Events since the last report.
   * @param since Time of the first of these.
   */
  report(event: Event, count: number, since: Date): void;
  /** Called when a group ends. */
  ended?(event: Event): void;
  /** Delay of a group's first report, which then counts a burst, in milliseconds. @default 0 */
  firstAfterMs?: number;
  /** Shortest interval of a group's reports, in milliseconds. @default 60000 */
  periodMs?: number;
  /** Periods without an event after which a group ends. @default 1 */
  quietPeriods?: number;
}

/**
 * Reports repeated events in summary: the first one of a group at once, then at most once a period how many more there
 * were, and the end of the group after periods without one.
 */
export class Aggregator<Event> {
  readonly #options: AggregatorOptions<Event>;
  readonly #groups = new Map<string, Group<Event>>();

  constructor(options: AggregatorOptions<Event>) {
    this.#options = options;
  }

  /** Number of groups that have not ended. */
  get size(): number {
    return this.#groups.size;
  }

  /**
   * @param key Identifies the group.
   * @param mostGroups Limit above which no group is added.
   * @returns Whether the event is counted.
   */
  add(key: string, event: Event, mostGroups = 1000): boolean {
    const known = this.#groups.get(key);
    if (known) {
      if (known.count === 0) known.since = new Date();
      known.count += 1;
      return true;
    }
    if (this.#groups.size >= mostGroups) return false;
    const { firstAfterMs = 0, periodMs = 60_000 } = this.#options;
    const timers = [setInterval(() => this.#endPeriod(key, group), periodMs).unref()];
    const group: Group<Event> = { event, count: 1, since: new Date(), quietPeriods: 0, timers };
    this.#groups.set(key, group);
    if (firstAfterMs === 0) this.#report(group);
    else timers.push(setTimeout(() => this.#report(group), firstAfterMs).unref());
    return true;
  }

  /** Reports what is not reported yet, and forgets all groups. */
  flush(): void {
    for (const [key, group] of this.#groups) {
      this.#forget(key, group);
      if (group.count > 0) this.#report(group);
    }
  }

  #endPeriod(key: string, group: Group<Event>): void {
    const { quietPeriods = 1, ended } = this.#options;
    if (group.count > 0) {
      group.quietPeriods = 0;
      return this.#report(group);
    }
    group.quietPeriods += 1;
    if (group.quietPeriods < quietPeriods) return;
    this.#forget(key, group);
    ended?.(group.event);
  }

  #report(group: Group<Event>): void {
    const { event, count, since } = group;
    group.count = 0;
    this.#options.report(event, count, since);
  }

  #forget(key: string, { timers }: Group<Event>): void {
    for (const timer of timers) clearTimeout(timer);
    this.#groups.delete(key);
  }
}
