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
