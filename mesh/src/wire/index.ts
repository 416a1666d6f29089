export { errorCodes, isErrorCode, trpcCodeOf, type ErrorCode } from './error-code.ts';
export {
  type ErrorData,
  type ErrorShape,
  type InputIssue,
  type NamedError,
  type RetryAdvice,
} from './error-shape.ts';
export {
  boundRetryAfter,
  defaultTimeoutMs,
  formatRetryAfter,
  formatTimeout,
  header,
  isIdempotencyKey,
  longestHeaderMs,
  parseContractHash,
  longestTimerMs,
  parseRetryAfter,
  requestIdPattern,
  serviceTokenScheme,
  userTokenScheme,
} from './header.ts';
export { keyReused, MeshError, type MeshErrorOptions } from './mesh-error.ts';
export {
  arrayLength,
  arraySubprotocol,
  closeCode,
  foreignSubprotocol,
  maxArrayMessages,
  maxMessageBytes,
  maxRefusedBytes,
  reconnectMessage,
  socketPath,
  type SocketRequest,
} from './socket.ts';
export {
  formatTraceparent,
  parseTraceContext,
  sampledTraceId,
  startTrace,
  type TraceContext,
} from './trace-context.ts';
