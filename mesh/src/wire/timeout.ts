/** The longest time that a caller may ask for, in milliseconds: one hour. */
const longestTimeoutMs = 3_600_000;

/**
 * Reads `x-timeout-ms`: the time the caller will still wait, in milliseconds.
 * Anything but a whole number counts as not sent, so that a broken caller gets
 * the server's own limit; more than an hour counts as an hour.
 */
export function parseTimeout(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,10}$/.test(value)) return undefined;
  return Math.min(Number(value), longestTimeoutMs);
}

/** Writes `x-timeout-ms`: whole milliseconds, never negative. */
export function formatTimeout(remainingMs: number): string {
  return String(Math.max(0, Math.floor(remainingMs)));
}
