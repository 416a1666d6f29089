import type { TRPCDefaultErrorData, TRPCDefaultErrorShape } from '@trpc/server';
import type { ErrorCode } from './error-code.ts';

/** A typed error of a contract as it travels: its name there, and data of its schema. */
export type NamedError = Readonly<{ name: string; data: unknown }>;

/**
 * An error as it goes over the wire: tRPC's own shape, with the request's id,
 * and the typed error where the contract names one. No stack, no SQL, no path
 * of a file ever gets in here.
 */
export interface ErrorShape<Named extends NamedError = NamedError> extends TRPCDefaultErrorShape {
  data: ErrorData<Named>;
}

/** What a caller decides on; `path` is the procedure, as `pages.create`, where the call got that far. */
export interface ErrorData<Named extends NamedError = NamedError> extends TRPCDefaultErrorData {
  code: ErrorCode;
  /** The id to look for in the logs. */
  requestId?: string;
  /** What the input schema refused, where that is the reason. */
  issues?: readonly InputIssue[];
  /** What the server knows of making the same call again. */
  retry?: RetryAdvice;
  /** How long to wait before that, in milliseconds. */
  retryAfterMs?: number;
  /** The process that answers takes no calls yet, whatever they ask: another one may. */
  notServing?: true;
  /** The typed error, where the contract names one. */
  error?: Named;
}

/**
 * `safe`: nothing was done with the call, so that it may be made again, also
 * elsewhere, whatever it does. `never`: it is not to be made again, even where
 * its code and its contract would allow it.
 */
export type RetryAdvice = 'safe' | 'never';

/** One thing wrong with an input: where, and what. */
export type InputIssue = Readonly<{ path: readonly (string | number)[]; message: string }>;
