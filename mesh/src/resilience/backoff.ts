/** Waits between attempts at what keeps failing. */
export type Backoff = Readonly<{
  /** The first wait, in milliseconds; each further one is twice as long. */
  baseMs: number;
  /** The longest, in milliseconds, before chance. @default any */
  maxMs?: number;
  /** The share by which chance lengthens or shortens a wait, 0 to 1: what failed together does not come back together. @default 0 */
  jitter?: number;
}>;

/**
 * The wait after a failure, in milliseconds.
 *
 * @param failures In a row, from 1.
 * @param chance 0 to 1. @default Math.random()
 */
export function backoffMs(
  failures: number,
  { baseMs, maxMs = Infinity, jitter = 0 }: Backoff,
  chance: number = Math.random(),
): number {
  // The exponent is bounded so that the power stays a number.
  const nominal = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return nominal * (1 + jitter * (2 * chance - 1));
}
