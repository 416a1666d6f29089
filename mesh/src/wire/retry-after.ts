/** The longest wait that is heeded, in milliseconds: one hour. */
const longestWaitMs = 3_600_000;

/**
 * Reads `retry-after`, in milliseconds: whole seconds or a date. What is
 * neither counts as not sent; more than an hour counts as an hour.
 *
 * @param now Milliseconds since 1970, which a date is compared with.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function parseRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  // `Date.parse` also takes "-1" for a date.
  const date = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : NaN;
  const waitMs = /^\d{1,10}$/.test(value) ? Number(value) * 1000 : date - now;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), longestWaitMs);
}

/** Writes `retry-after`: whole seconds, rounded up. */
export function formatRetryAfter(waitMs: number): string {
  return String(Math.ceil(Math.max(0, waitMs) / 1000));
}
