import type { TRPCDefaultErrorData, TRPCDefaultErrorShape } from '@trpc/server';
import type { ErrorCode } from './error-code.ts';

/** A typed error of a contract on the wire: its name, and data of its schema. */
export type NamedError = Readonly<{ name: string; data: unknown }>;

/**
 * An error on the wire: tRPC's shape with the request id and the typed error. It never contains a stack, SQL or file
 * path.
 */
export interface ErrorShape<Named extends NamedError = NamedError> extends Omit<
  TRPCDefaultErrorShape,
  'data'
> {
  data: ErrorData<Named>;
}

/** Data for the caller to decide on; `path` is the procedure, such as `pages.create`, if known. */
export interface ErrorData<Named extends NamedError = NamedError> extends Omit<TRPCDefaultErrorData, 'code'> {
  code: ErrorCode;
  /** Id of the request in the logs. */
  requestId?: string;
  /** Errors of the input schema. */
  issues?: readonly InputIssue[];
  /** Whether to retry. @default as the code and the contract say */
  retry?: RetryAdvice;
  /** Wait before a retry, in milliseconds. */
  retryAfterMs?: number;
  /** Set if the process is starting and takes no calls yet. */
  notServing?: true;
  /** Typed error of the contract. */
  error?: Named;
}

/**
 * `safe`: the call was not executed, so any call may be retried, also at another endpoint. `never`: do not retry,
 * even if the code and the contract allow it.
 */
export type RetryAdvice = 'safe' | 'never';

/** One error of an input. */
export type InputIssue = Readonly<{ path: readonly (string | number)[]; message: string }>;
