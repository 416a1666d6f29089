/** Exponential backoff between attempts. */
export type Backoff = Readonly<{
  /** First wait, in milliseconds; doubles after each failure. */
  baseMs: number;
  /** Longest wait, in milliseconds, before jitter. @default Infinity */
  maxMs?: number;
  /** Random variation of each wait, from 0 to 1, so that clients do not retry together. @default 0 */
  jitter?: number;
}>;

/**
 * Wait after a failure, in milliseconds.
 *
 * @param failures Consecutive failures, from 1.
 * @param chance Random number from 0 to 1. @default Math.random()
 *
 * @example
 * import { setTimeout as sleep } from 'node:timers/promises';
 *
 * await sleep(backoffMs(3, { baseMs: 100, maxMs: 5000, jitter: 0.2 })); // about 400 ms
 */
export function backoffMs(
  failures: number,
  { baseMs, maxMs = Infinity, jitter = 0 }: Backoff,
  chance: number = Math.random(),
): number {
  // The bound keeps the power finite.
  const nominal = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return nominal * (1 + jitter * (2 * chance - 1));
}
