/**
 * Upper bounds of the buckets of the mesh's histograms, in seconds. Others are not read.
 *
 * @example
 * const counts = bucketBounds.map(() => 0);
 */
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

/**
 * A percentile from counts up to each bound, by linear interpolation within its bucket, as Prometheus does
 * (`histogram_quantile`). Above the last bound it is that bound.
 *
 * @param counts As many as there are `bucketBounds`.
 * @param q From 0 to 1.
 * @returns In milliseconds; `null` without calls.
 *
 * @example
 * const p95 = percentile(bucketBounds.map((_, index) => index + 1), 0.95);
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

/**
 * Three significant digits: more are noise.
 *
 * @example
 * rounded(12.3456); // 12.3
 */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
