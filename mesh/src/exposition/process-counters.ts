import { Exposition } from './exposition.ts';
import type { SeriesName } from './exposition-line.ts';

/** What is done with a series of a process. */
export type Meter =
  /** Gets what a counter has grown by. */
  | Readonly<{ kind: 'counter'; add: (more: number) => void }>
  /** Gets what a bucket of a histogram has grown by; one object for all of its buckets. */
  | Readonly<{ kind: 'bucket'; bucket: number; histogram: HistogramMeter }>
  /** Gets each value. */
  | Readonly<{ kind: 'gauge'; set: (value: number) => void }>;

export interface HistogramMeter {
  add(bucket: number, more: number): void;
}

const startTime = 'process_start_time_seconds';

/** Clocks of two machines may differ by this much, in milliseconds. */
const skewMs = 5000;
/** Rounds that a text may be late. */
const longestGap = 3;

/** When a text was read. */
export interface ReadAt {
  /** Wall clock, in milliseconds since 1970. */
  at: number;
  /** A clock that does not jump, in milliseconds. */
  nowMs: number;
  /** Time since the round before, in milliseconds. */
  roundMs: number;
}

/**
 * The counters of one process as differences between two texts of its `/metrics`. What a process counted before it was
 * first read is not counted; what it counted since it was started again is.
 *
 * @example
 * const counters = new ProcessCounters(({ name }) =>
 *   name === 'shop_orders_total' ? { kind: 'counter', add: (more) => console.log(more) } : undefined,
 * );
 */
export class ProcessCounters {
  readonly #exposition: Exposition<Meter>;
  #start: Meter | undefined;
  #startedAt: number | undefined;
  #readAt: ReadAt | undefined;

  /** @param meterOf The use of a series; `undefined` if it has none. */
  constructor(meterOf: (series: SeriesName) => Meter | undefined) {
    this.#exposition = new Exposition((series) => {
      if (series.name === startTime) return (this.#start = { kind: 'gauge', set: () => {} });
      return meterOf(series);
    });
  }

  /** @throws ExpositionError, after which the next text counts from the one before. */
  read(text: string, now: ReadAt): void {
    const samples = this.#exposition.read(text);
    const startedAt = samples.find(({ bound }) => bound === this.#start)?.value;
    const before = this.#readAt;
    const other = before !== undefined && startedAt !== this.#startedAt;
    const fresh = other && startedAt !== undefined && startedAt * 1000 >= before.at - skewMs;
    // A process behind the same address that ran before: what it has counted is not of this round.
    const unknown = before === undefined || (other && !fresh);
    const gapMs = before ? now.nowMs - before.nowMs : 0;
    // After a gap, the share of one round: the rest happened earlier, and would look like a burst.
    const share = gapMs > longestGap * now.roundMs ? now.roundMs / gapMs : 1;
    for (const { bound, value, previous } of samples) {
      if (bound.kind === 'gauge') {
        bound.set(value);
        continue;
      }
      const grown = unknown ? 0 : share * growth(other ? 0 : (previous ?? 0), value);
      if (grown === 0) continue;
      if (bound.kind === 'counter') bound.add(grown);
      else bound.histogram.add(bound.bucket, grown);
    }
    this.#startedAt = startedAt;
    this.#readAt = now;
  }
}

/** A counter that is less than before began again. */
function growth(previous: number, value: number): number {
  if (!Number.isFinite(value)) return 0;
  return value >= previous ? value - previous : Math.max(0, value);
}
