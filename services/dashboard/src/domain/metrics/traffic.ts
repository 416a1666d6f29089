import { errorCodes, isErrorCode } from '@arcadium/mesh/contract';
import { Tallies, type Span, type Timeline } from './timeline.ts';

/** Upper bounds of the buckets of the mesh's histograms, in seconds. Others are not read. */
export const bucketBounds = [
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  Infinity,
] as readonly number[];

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

/** Whether a call with this code failed by the fault of the server. Unknown codes, of a later version, count. */
export function isFault(code: string): boolean {
  return isErrorCode(code) ? errorCodes[code].blames === 'endpoint' : code !== 'OK';
}

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

/**
 * A percentile from counts up to each bound, by linear interpolation within its bucket, as Prometheus does
 * (`histogram_quantile`). Above the last bound it is that bound.
 *
 * @param q From 0 to 1.
 * @returns In milliseconds.
 */
export function percentile(counts: readonly number[], q: number): number | null {
  const calls = counts.at(-1) ?? 0;
  if (!(calls > 0)) return null;
  const rank = q * calls;
  const bucket = counts.findIndex((count) => count >= rank && count > 0);
  const below = bucket === 0 ? 0 : (counts[bucket - 1] as number);
  const from = bucket === 0 ? 0 : (bucketBounds[bucket - 1] as number);
  const to = bucketBounds[bucket] as number;
  if (to === Infinity) return from * 1000;
  const within = (rank - below) / ((counts[bucket] as number) - below);
  return rounded((from + (to - from) * within) * 1000);
}

/** Three significant digits: more are noise, and cost room in the recording. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
