/**
 * Every way a call can fail, with its HTTP status and whether the same call
 * may succeed when it is made again. The names and statuses are tRPC's; the
 * decision to retry also depends on the procedure (see `resilience/retry`).
 *
 * A timeout, a cancellation by the caller and a refusal are three different
 * things here: `TIMEOUT`, `CLIENT_CLOSED_REQUEST` and `SERVICE_UNAVAILABLE`.
 *
 * @see https://trpc.io/docs/server/error-handling
 */
export const errorCodes = {
  BAD_REQUEST: { httpStatus: 400, retryable: false },
  UNAUTHORIZED: { httpStatus: 401, retryable: false },
  FORBIDDEN: { httpStatus: 403, retryable: false },
  NOT_FOUND: { httpStatus: 404, retryable: false },
  METHOD_NOT_SUPPORTED: { httpStatus: 405, retryable: false },
  CONFLICT: { httpStatus: 409, retryable: false },
  PRECONDITION_FAILED: { httpStatus: 412, retryable: false },
  PAYLOAD_TOO_LARGE: { httpStatus: 413, retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { httpStatus: 415, retryable: false },
  UNPROCESSABLE_CONTENT: { httpStatus: 422, retryable: false },
  TOO_MANY_REQUESTS: { httpStatus: 429, retryable: true },
  CLIENT_CLOSED_REQUEST: { httpStatus: 499, retryable: false },
  INTERNAL_SERVER_ERROR: { httpStatus: 500, retryable: false },
  NOT_IMPLEMENTED: { httpStatus: 501, retryable: false },
  BAD_GATEWAY: { httpStatus: 502, retryable: true },
  SERVICE_UNAVAILABLE: { httpStatus: 503, retryable: true },
  GATEWAY_TIMEOUT: { httpStatus: 504, retryable: true },
  TIMEOUT: { httpStatus: 408, retryable: true },
} as const satisfies Record<string, { httpStatus: number; retryable: boolean }>;

/** The name of a way to fail; decide on this, never on tRPC's numeric code, which several of them share. */
export type ErrorCode = keyof typeof errorCodes;

/** Whether a string is one of the error codes. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code);
}
