export { errorCodes, isErrorCode, type ErrorCode } from './error-code.ts';
export {
  type ErrorData,
  type ErrorShape,
  type InputIssue,
  type NamedError,
  type RetryAdvice,
} from './error-shape.ts';
export { header, serviceTokenScheme, userTokenScheme } from './header.ts';
export { isIdempotencyKey, keyReused } from './idempotency-key.ts';
export { MeshError, type MeshErrorOptions } from './mesh-error.ts';
export {
  arrayLength,
  arraySubprotocol,
  closeCode,
  maxArrayMessages,
  maxInFlight,
  maxMessageBytes,
  maxRefusedBytes,
  reconnectMessage,
  socketPath,
  type SocketRequest,
} from './socket.ts';
export { formatRetryAfter, parseRetryAfter } from './retry-after.ts';
export { formatTimeout, parseTimeout } from './timeout.ts';
export {
  childOf,
  formatTraceparent,
  parseTraceContext,
  startTrace,
  type TraceContext,
} from './trace-context.ts';
