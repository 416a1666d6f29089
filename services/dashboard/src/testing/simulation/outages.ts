interface Outage {
  readonly from: number;
  to: number;
}

/** When which service was down, in milliseconds since 1970. */
export class Outages {
  readonly #all = new Map<string, Outage[]>();

  begin(service: string, from: number, to = Infinity): void {
    this.#all.set(service, [...this.of(service), { from, to }]);
  }

  end(service: string, to: number): void {
    const last = this.#all.get(service)?.at(-1);
    if (last?.to === Infinity) last.to = to;
  }

  of(service: string): readonly Readonly<Outage>[] {
    return this.#all.get(service) ?? [];
  }

  /** The outage of that moment. */
  at(service: string, at: number): Readonly<Outage> | undefined {
    return this.of(service).find(({ from, to }) => from <= at && at < to);
  }

  /** How long ago the last outage ended, in milliseconds; Infinity if there was none. */
  since(service: string, at: number): number {
    const ends = this.of(service).filter(({ to }) => to <= at);
    return at - Math.max(-Infinity, ...ends.map(({ to }) => to));
  }
}
