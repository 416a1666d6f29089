import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { errorCodes, trpcCodeOf, type ErrorData, type ErrorShape, type MeshError } from '../../wire/index.ts';

/** What an answer says besides the error itself. */
export interface ErrorContext {
  /** The procedure, if the request got that far. */
  path?: string | undefined;
  requestId?: string | undefined;
  /** tRPC's error number. @default that of the error's code */
  number?: ErrorShape['code'];
}

/** An error as sent to the caller, on every transport. Leaves out `cause` and stack. */
export function errorShape(
  { code, message, named, issues, retry, retryAfterMs, notServing }: MeshError,
  { path, requestId, number = TRPC_ERROR_CODES_BY_KEY[trpcCodeOf(code)] }: ErrorContext = {},
): ErrorShape {
  const optional: Partial<ErrorData> = {};
  if (path !== undefined) optional.path = path;
  if (requestId !== undefined) optional.requestId = requestId;
  if (issues) optional.issues = issues;
  if (retry) optional.retry = retry;
  if (retryAfterMs !== undefined) optional.retryAfterMs = retryAfterMs;
  if (notServing) optional.notServing = notServing;
  if (named) optional.error = named;
  return { message, code: number, data: { code, httpStatus: errorCodes[code].httpStatus, ...optional } };
}
