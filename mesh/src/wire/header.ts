/** The headers that both ends of a call agree on. */
export const header = {
  /** `Service-Token <jwt>` for a service, `Bearer <jwt>` for a user. */
  authorization: 'authorization',
  /** The access token of the user that a service acts for. */
  userToken: 'x-user-token',
  /** Names one request in every log that it touches. */
  requestId: 'x-request-id',
  /** W3C trace context. */
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  /** How long the caller will still wait, in milliseconds. */
  timeoutMs: 'x-timeout-ms',
  /** Names one piece of work: the same key again is answered with the first answer. */
  idempotencyKey: 'idempotency-key',
  /** How long to wait before the same call is made again, in whole seconds (RFC 9110 §10.2.3). */
  retryAfter: 'retry-after',
} as const;

/** The scheme of `authorization` that a service's token travels under. */
export const serviceTokenScheme = 'Service-Token';

/** The scheme of `authorization` that a user's access token travels under. */
export const userTokenScheme = 'Bearer';

/** The longest time that is read from a header, in milliseconds: one hour. */
const longestMs = 3_600_000;

/**
 * Reads `x-timeout-ms`: the time the caller will still wait, in milliseconds.
 * Anything but a whole number counts as not sent, so that a broken caller gets
 * the server's own limit; more than an hour counts as an hour.
 */
export function parseTimeout(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,10}$/.test(value)) return undefined;
  return Math.min(Number(value), longestMs);
}

/** Writes `x-timeout-ms`: whole milliseconds, never negative. */
export function formatTimeout(remainingMs: number): string {
  return String(Math.max(0, Math.floor(remainingMs)));
}

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
  return Number.isNaN(waitMs) ? undefined : boundRetryAfter(waitMs);
}

/** A wait that a server asked for, bounded: 0 to an hour, in milliseconds. */
export function boundRetryAfter(waitMs: number): number {
  return Math.min(Math.max(0, waitMs), longestMs);
}

/** Writes `retry-after`: whole seconds, rounded up. */
export function formatRetryAfter(waitMs: number): string {
  return String(Math.ceil(Math.max(0, waitMs) / 1000));
}

/** Whether a caller's `x-request-id` may appear in a log. */
export function isRequestId(text: string): boolean {
  return /^[\w.:-]{1,128}$/.test(text);
}

/**
 * Whether `idempotency-key` holds a key: 1 to 255 visible ASCII characters. Only
 * its maker knows what they mean.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function isIdempotencyKey(text: unknown): text is string {
  return typeof text === 'string' && /^[\x21-\x7e]{1,255}$/.test(text);
}
