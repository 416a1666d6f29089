/** A text that takes more of the processor's time than this is slow, in milliseconds: some seldom page is so long. */
const slowMs = 500;

/** For this long its source is remembered, in milliseconds. */
const rememberedMs = 60_000;

/** Remembers for a while whose texts were slow to read. */
export class SlowSources {
  /** Until when; in the order of that. */
  readonly #until = new Map<unknown, number>();

  has(source: unknown): boolean {
    return (this.#until.get(source) ?? 0) > performance.now();
  }

  /** @param cpuMs What a text of the source took, in milliseconds. */
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
