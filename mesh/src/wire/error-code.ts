interface Failure {
  readonly httpStatus: number;
  /** Whether a retry, here or at another endpoint, may succeed. */
  readonly retryable: boolean;
  /** Cause: `endpoint` counts against it (breaker); `caller` shows that the endpoint works. */
  readonly blames: 'caller' | 'endpoint' | 'nobody';
  /** Whether the call may have been executed. */
  readonly mayHaveRun: boolean;
  /** Whether a queue drops the message, because it would fail again. */
  readonly permanent: boolean;
}

const byCaller = { retryable: false, blames: 'caller', mayHaveRun: false, permanent: false } as const;
const byMessage = { ...byCaller, permanent: true } as const;
const byEndpoint = { retryable: false, blames: 'endpoint', mayHaveRun: true, permanent: false } as const;
const passing = { ...byEndpoint, retryable: true } as const;

/**
 * The table of failures, used by retry, breaker, doubt, fallback, outbox and logs. Names and statuses are tRPC's, but for CONTRACT_MISMATCH. A
 * timeout (`TIMEOUT`), a cancellation by the caller (`CLIENT_CLOSED_REQUEST`) and a refusal (`SERVICE_UNAVAILABLE`)
 * differ.
 *
 * @see https://trpc.io/docs/server/error-handling
 *
 * @example
 * errorCodes.NOT_FOUND.httpStatus; // 404
 */
export const errorCodes = {
  PARSE_ERROR: { httpStatus: 400, ...byMessage },
  BAD_REQUEST: { httpStatus: 400, ...byMessage },
  UNAUTHORIZED: { httpStatus: 401, ...byCaller },
  PAYMENT_REQUIRED: { httpStatus: 402, ...byCaller },
  FORBIDDEN: { httpStatus: 403, ...byCaller },
  NOT_FOUND: { httpStatus: 404, ...byCaller },
  METHOD_NOT_SUPPORTED: { httpStatus: 405, ...byCaller },
  CONFLICT: { httpStatus: 409, ...byMessage },
  // Of the mesh: a client refuses a call that the contract of the server does not fit. Before the code that 412 means.
  CONTRACT_MISMATCH: { httpStatus: 412, ...byCaller, blames: 'nobody' },
  PRECONDITION_FAILED: { httpStatus: 412, ...byMessage },
  PAYLOAD_TOO_LARGE: { httpStatus: 413, ...byMessage },
  UNSUPPORTED_MEDIA_TYPE: { httpStatus: 415, ...byMessage },
  UNPROCESSABLE_CONTENT: { httpStatus: 422, ...byMessage },
  PRECONDITION_REQUIRED: { httpStatus: 428, ...byMessage },
  TOO_MANY_REQUESTS: { httpStatus: 429, ...byCaller, retryable: true, blames: 'nobody' },
  CLIENT_CLOSED_REQUEST: { httpStatus: 499, ...byCaller, blames: 'nobody', mayHaveRun: true },
  INTERNAL_SERVER_ERROR: { httpStatus: 500, ...byEndpoint },
  NOT_IMPLEMENTED: { httpStatus: 501, ...byEndpoint },
  BAD_GATEWAY: { httpStatus: 502, ...passing },
  SERVICE_UNAVAILABLE: { httpStatus: 503, ...passing },
  GATEWAY_TIMEOUT: { httpStatus: 504, ...passing },
  TIMEOUT: { httpStatus: 408, ...passing },
} as const satisfies Record<string, Failure>;

/** Error code. Decide on this, not on tRPC's numeric code, which several of them share. */
export type ErrorCode = keyof typeof errorCodes;

/**
 * Whether a value is a code of the table.
 *
 * @example
 * const code: unknown = 'CONFLICT';
 * if (isErrorCode(code)) console.log(errorCodes[code].httpStatus);
 */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code);
}

/** A code that tRPC has, too. */
export type TrpcErrorCode = Exclude<ErrorCode, 'CONTRACT_MISMATCH'>;

/** The code that stands for another one where only tRPC's are known: its numbers, and its adapters. */
export function trpcCodeOf(code: ErrorCode): TrpcErrorCode {
  return code === 'CONTRACT_MISMATCH' ? 'PRECONDITION_FAILED' : code;
}
