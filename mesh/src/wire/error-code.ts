/** What a way to fail means to those who decide on it. */
interface Failure {
  readonly httpStatus: number;
  /** Whether the same call may succeed when it is made again, or elsewhere. */
  readonly retryable: boolean;
  /** Whose failure it is. `endpoint` counts against it (breaker, outliers); `caller` shows that the endpoint works. */
  readonly blames: 'caller' | 'endpoint' | 'nobody';
  /** Whether the work may have been done although the call failed so. */
  readonly mayHaveRun: boolean;
  /** Whether a queue gives the message up: sent again, it can only fail again. */
  readonly permanent: boolean;
}

const byCaller = { retryable: false, blames: 'caller', mayHaveRun: false, permanent: false } as const;
const byMessage = { ...byCaller, permanent: true } as const;
const byEndpoint = { retryable: false, blames: 'endpoint', mayHaveRun: true, permanent: false } as const;
const passing = { ...byEndpoint, retryable: true } as const;

/**
 * The one table of failures. Retry, breaker, doubt, fall-back, outbox and logs read it, and list no codes of their own.
 * Names and statuses are tRPC's.
 *
 * A timeout, a cancellation by the caller and a refusal are three different
 * things here: `TIMEOUT`, `CLIENT_CLOSED_REQUEST` and `SERVICE_UNAVAILABLE`.
 *
 * @see https://trpc.io/docs/server/error-handling
 */
export const errorCodes = {
  BAD_REQUEST: { httpStatus: 400, ...byMessage },
  UNAUTHORIZED: { httpStatus: 401, ...byCaller },
  FORBIDDEN: { httpStatus: 403, ...byCaller },
  NOT_FOUND: { httpStatus: 404, ...byCaller },
  METHOD_NOT_SUPPORTED: { httpStatus: 405, ...byCaller },
  CONFLICT: { httpStatus: 409, ...byMessage },
  PRECONDITION_FAILED: { httpStatus: 412, ...byMessage },
  PAYLOAD_TOO_LARGE: { httpStatus: 413, ...byMessage },
  UNSUPPORTED_MEDIA_TYPE: { httpStatus: 415, ...byMessage },
  UNPROCESSABLE_CONTENT: { httpStatus: 422, ...byMessage },
  TOO_MANY_REQUESTS: { httpStatus: 429, ...byCaller, retryable: true, blames: 'nobody' },
  CLIENT_CLOSED_REQUEST: { httpStatus: 499, ...byCaller, blames: 'nobody', mayHaveRun: true },
  INTERNAL_SERVER_ERROR: { httpStatus: 500, ...byEndpoint },
  NOT_IMPLEMENTED: { httpStatus: 501, ...byEndpoint },
  BAD_GATEWAY: { httpStatus: 502, ...passing },
  SERVICE_UNAVAILABLE: { httpStatus: 503, ...passing },
  GATEWAY_TIMEOUT: { httpStatus: 504, ...passing },
  TIMEOUT: { httpStatus: 408, ...passing },
} as const satisfies Record<string, Failure>;

/** The name of a way to fail; decide on this, never on tRPC's numeric code, which several of them share. */
export type ErrorCode = keyof typeof errorCodes;

/** Whether a string is one of the error codes. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code);
}
