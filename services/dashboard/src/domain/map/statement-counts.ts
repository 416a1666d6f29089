import { Tally, type Span, type Timeline } from '../metrics/timeline.ts';
import type { DatabaseState } from './mesh-state.ts';

type Statements = DatabaseState['statements'];

/** The calls of the statements that one process tells of: as many as `meshState` allows. */
export class StatementCounts {
  readonly #timeline: Timeline;
  #byName = new Map<string, { calls: number; tally: Tally }>();

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Counts what was added since the reading before. One that is not among the slowest any more is forgotten. */
  read(statements: Statements): void {
    const before = this.#byName;
    this.#byName = new Map();
    for (const { name, calls } of statements) {
      const known = before.get(name);
      const tally = known?.tally ?? new Tally(this.#timeline);
      // Fewer than before: it has started again.
      if (known) tally.add(calls < known.calls ? calls : calls - known.calls);
      this.#byName.set(name, { calls, tally });
      before.delete(name);
    }
    for (const { tally } of before.values()) tally.end();
  }

  /** Per second; `null` for a statement that it does not know. */
  rate(name: string, span: Span): number | null {
    return span.seconds > 0 ? (this.#byName.get(name)?.tally.rate(span) ?? null) : null;
  }

  end(): void {
    this.read([]);
  }
}
