import { bucketBounds, isFault, percentile, rounded } from '@arcadium/mesh/exposition';
import { Tallies, type Span, type Timeline } from './timeline.ts';

const buckets = bucketBounds.length;

/** What happened within a span; the percentiles are in milliseconds. */
export interface TrafficFigures {
  /** Calls per second. */
  rate: number;
  /** Share of calls that did not fail by the fault of the server; `null` without calls. */
  success: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export const noTraffic: TrafficFigures = { rate: 0, success: null, p50: null, p95: null, p99: null };

/** The calls of an edge, a service or a procedure: how many, how they ended, how long they took. */
export class Traffic {
  readonly #timeline: Timeline;
  readonly #codes: Tallies;
  /** Calls up to each bound, as the histograms count them. */
  readonly #totals = new Float64Array(buckets);
  readonly #marks: Float64Array;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.#codes = new Tallies(timeline);
    this.#marks = new Float64Array(timeline.slots * buckets);
    timeline.join(this);
  }

  /** Adds calls that took up to the bound with this number. @param code Of these calls. */
  add(bucket: number, more: number, code: string): void {
    this.#totals[bucket] = (this.#totals[bucket] as number) + more;
    if (bucket === buckets - 1) this.#codes.of(code).add(more);
  }

  mark(slot: number): void {
    this.#marks.set(this.#totals, slot * buckets);
  }

  figures(span: Span): TrafficFigures {
    const counts = this.#counts(span);
    const calls = counts[buckets - 1] as number;
    if (!(calls > 0) || span.seconds === 0) return noTraffic;
    const failed = this.faults(span).reduce((sum, { count }) => sum + count, 0);
    return {
      rate: rounded(calls / span.seconds),
      success: Math.max(0, 1 - failed / calls),
      p50: percentile(counts, 0.5),
      p95: percentile(counts, 0.95),
      p99: percentile(counts, 0.99),
    };
  }

  /** Failures by the fault of the server, most frequent first. */
  faults(span: Span): { name: string; count: number }[] {
    return this.#codes.over(span).filter(({ name }) => isFault(name));
  }

  end(): void {
    this.#timeline.leave(this);
    this.#codes.end();
  }

  /** Calls up to each bound. A bound that a process does not have counts as the one below. */
  #counts({ marks }: Span): number[] {
    const now = this.#timeline.slot(0) * buckets;
    const then = this.#timeline.slot(marks) * buckets;
    let most = 0;
    return Array.from({ length: buckets }, (_, bucket) => {
      most = Math.max(most, (this.#marks[now + bucket] as number) - (this.#marks[then + bucket] as number));
      return most;
    });
  }
}
