/** How long to wait between attempts. */
export interface Backoff {
  /** Wait after the first failure, in milliseconds. @default 1000 */
  readonly baseMs: number;
  /** Longest wait, in milliseconds. @default 60000 */
  readonly maxMs: number;
}

/** One second, doubled with each failure, to a minute. */
export const defaultBackoff: Backoff = { baseMs: 1000, maxMs: 60_000 };

/**
 * The wait after so many failures in a row, in milliseconds: it doubles up to
 * the longest, and half of it is left to chance, so that what failed together
 * does not come back together.
 *
 * @param failures From 1.
 * @param random A number of [0, 1).
 */
export function backoffMs(
  failures: number,
  random: number,
  { baseMs, maxMs }: Backoff = defaultBackoff,
): number {
  // The exponent is bounded so that the power stays a number.
  const nominal = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.max(Math.min(baseMs, maxMs), Math.round(nominal * (0.5 + random / 2)));
}
