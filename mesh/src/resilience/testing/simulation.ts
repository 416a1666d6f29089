/** A discrete-event simulation with its own clock. */
export class Simulation {
  /** In milliseconds. */
  now = 0;
  /** Binary heap of events; the next one is first. */
  readonly #events: { at: number; order: number; run: () => void }[] = [];
  #order = 0;

  /** Schedules an event; events at the same time run in the order of scheduling. */
  after(ms: number, run: () => void): void {
    const events = this.#events;
    events.push({ at: this.now + ms, order: this.#order++, run });
    for (let child = events.length - 1; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfLater(parent, child)) return;
      child = parent;
    }
  }

  /** Runs all events of the next `ms` milliseconds. */
  run(ms: number): void {
    const end = this.now + ms;
    for (let next = this.#events[0]; next && next.at <= end; next = this.#events[0]) {
      this.#removeFirst();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = Math.max(this.now, end);
  }

  #removeFirst(): void {
    const events = this.#events;
    const last = events.pop();
    if (!last || events.length === 0) return;
    events[0] = last;
    for (let parent = 0; ;) {
      const left = parent * 2 + 1;
      if (left >= events.length) return;
      const child = left + 1 < events.length && this.#isLater(left, left + 1) ? left + 1 : left;
      if (!this.#swapIfLater(parent, child)) return;
      parent = child;
    }
  }

  #isLater(one: number, other: number): boolean {
    const [a, b] = [this.#events[one], this.#events[other]];
    return a !== undefined && b !== undefined && (a.at > b.at || (a.at === b.at && a.order > b.order));
  }

  #swapIfLater(one: number, other: number): boolean {
    const [a, b] = [this.#events[one], this.#events[other]];
    if (!a || !b || !this.#isLater(one, other)) return false;
    this.#events[one] = b;
    this.#events[other] = a;
    return true;
  }
}
