import { isFault, percentile, rounded } from '@arcadium/mesh/exposition';

/** The calls of one procedure by one caller, in the last interval. */
export interface CallFigures {
  readonly service: string;
  /** Such as `pages.get`. */
  readonly procedure: string;
  /** A service; `user` or `admin`, the role of a user; or `anyone`. */
  readonly caller: string;
  /** Calls per second. */
  readonly rate: number;
  /** Share of calls that did not fail by the fault of the server. */
  readonly success: number;
  /** Percentiles of the duration at the server, in milliseconds. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Attempts of the caller beyond the first, per second; null if the caller is not a service whose metrics are read. */
  readonly retries: number | null;
  /** Worst breaker of the caller's endpoints of this service; null as with `retries`. */
  readonly breaker: Breaker | null;
}

export const breakers = ['closed', 'half-open', 'open'] as const;
export type Breaker = (typeof breakers)[number];

/** Counts of one interval. */
export interface CallCounts {
  /** Calls up to each bound of the histogram. */
  readonly upTo: number[];
  readonly byCode: Map<string, number>;
}

/** Presents the counts of an interval of `seconds`. @returns Undefined without calls. */
export function figuresOf({ upTo, byCode }: CallCounts, seconds: number) {
  const calls = upTo.at(-1) ?? 0;
  if (!(calls > 0)) return undefined;
  // A bound that a process does not have counts as the one below.
  let most = 0;
  const counts = upTo.map((count) => (most = Math.max(most, count)));
  const failed = [...byCode].reduce((sum, [code, count]) => (isFault(code) ? sum + count : sum), 0);
  return {
    rate: rounded(calls / seconds),
    success: Math.max(0, 1 - failed / calls),
    p50: percentile(counts, 0.5),
    p95: percentile(counts, 0.95),
    p99: percentile(counts, 0.99),
  };
}
