/** CPU time above which a text counts as slow, in milliseconds; normal pages rarely need it. */
const slowMs = 500;

/** How long its source is remembered, in milliseconds. */
const rememberedMs = 60_000;

/** Remembers the sources of slow texts for a while. */
export class SlowSources {
  /** The end of each entry, in that order. */
  readonly #until = new Map<unknown, number>();

  has(source: unknown): boolean {
    return (this.#until.get(source) ?? 0) > performance.now();
  }

  /** @param cpuMs CPU time of a text of the source, in milliseconds. */
  note(source: unknown, cpuMs: number): void {
    if (cpuMs < slowMs) return;
    const now = performance.now();
    this.#until.delete(source);
    this.#until.set(source, now + rememberedMs);
    for (const [other, until] of this.#until) {
      if (until > now) break;
      this.#until.delete(other);
    }
  }
}
