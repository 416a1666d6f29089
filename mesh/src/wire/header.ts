/**
 * Headers of a call.
 *
 * @example
 * const headers = { [header.authorization]: `${userTokenScheme} ${token}`, [header.timeoutMs]: '2000' };
 * const answer = await fetch('http://shop:3000/trpc/items.list', { headers });
 */
export const header = {
  /** `Service-Token <jwt>` for a service, `Bearer <jwt>` for a user. */
  authorization: 'authorization',
  /** Access token of the user that a service acts for. */
  userToken: 'x-user-token',
  /** Identifies a request in all logs. */
  requestId: 'x-request-id',
  /** W3C trace context. */
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  /** Time the caller will still wait, in milliseconds. */
  timeoutMs: 'x-timeout-ms',
  /** Idempotency key: a repeated key gets the first answer. */
  idempotencyKey: 'idempotency-key',
  /** Hash of the contract that the sender was built with: in an upgrade request, and wherever a client asks for it. */
  contract: 'x-contract',
  /** Hashes of contracts, with commas: a process with one of them refuses the request. */
  contractUnless: 'x-contract-unless',
  /** Wait before a retry, in whole seconds (RFC 9110 §10.2.3). */
  retryAfter: 'retry-after',
} as const;

/**
 * Scheme of `authorization` for service tokens.
 *
 * @example
 * const headers = { authorization: `${serviceTokenScheme} ${token}` };
 */
export const serviceTokenScheme = 'Service-Token';

/**
 * Scheme of `authorization` for access tokens of users.
 *
 * @example
 * const headers = { authorization: `${userTokenScheme} ${token}` };
 */
export const userTokenScheme = 'Bearer';

/**
 * Default of `timeoutMs`, in milliseconds.
 *
 * @example
 * const timeoutMs = shopContract.procedures.items.get.timeoutMs ?? defaultTimeoutMs;
 */
export const defaultTimeoutMs = 5000;

/** Longest time accepted from a header, in milliseconds: one hour. */
export const longestHeaderMs = 3_600_000;

/** Writes `x-timeout-ms`: whole milliseconds, never negative. */
export function formatTimeout(remainingMs: number): string {
  return String(Math.max(0, Math.floor(remainingMs)));
}

/**
 * Reads `retry-after`: whole seconds or a date. Other values are ignored.
 *
 * @param now Milliseconds since 1970, to compare a date with.
 * @returns In milliseconds, at most an hour.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function parseRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  // `Date.parse` would accept "-1".
  const date = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : NaN;
  const waitMs = /^\d{1,10}$/.test(value) ? Number(value) * 1000 : date - now;
  return Number.isNaN(waitMs) ? undefined : boundRetryAfter(waitMs);
}

/** Limits a wait that a server requests to 0 to one hour, in milliseconds. */
export function boundRetryAfter(waitMs: number): number {
  return Math.min(Math.max(0, waitMs), longestHeaderMs);
}

/**
 * Writes `retry-after`: whole seconds, rounded up.
 *
 * @example
 * formatRetryAfter(1200); // '2'
 */
export function formatRetryAfter(waitMs: number): string {
  return String(Math.ceil(Math.max(0, waitMs) / 1000));
}

/** A caller's `x-request-id` that may appear in a log. */
export const requestIdPattern = /^[\w.:-]{1,128}$/;

/**
 * Whether `idempotency-key` holds a key: 1 to 255 visible ASCII characters.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function isIdempotencyKey(text: unknown): text is string {
  return typeof text === 'string' && /^[\x21-\x7e]{1,255}$/.test(text);
}

/** Reads `x-contract`; anything but a hash is ignored. */
export function parseContractHash(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value) ? value : undefined;
}

/** Longest delay of a timer, in milliseconds; longer ones fire at once. */
export const longestTimerMs = 2 ** 31 - 1;
