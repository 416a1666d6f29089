import type { AnyProcedure } from '../contract/index.ts';
import { errorCodes } from '../wire/index.ts';
import { isCallError, type CallError } from './call-error.ts';
import { TransportError } from './transports/transport.ts';

/** Whether the failed call was certainly not executed. */
export function didNothing({ data, cause }: CallError): boolean {
  return data.retry === 'safe' || (cause instanceof TransportError && !cause.reached);
}

/** Whether no process was reached, or only one that is starting. */
export function foundNobody({ data, cause }: CallError): boolean {
  if (data.notServing) return true;
  return data.code === 'SERVICE_UNAVAILABLE' && cause instanceof TransportError && !cause.reached;
}

/**
 * Whether the failed call may have been executed. Typed errors and refusals are answers; other failures may have come
 * after the work, or on the way back.
 */
export function mayHaveRun(error: CallError): boolean {
  const { code, error: named } = error.data;
  return !named && !didNothing(error) && errorCodes[code].mayHaveRun;
}

/** Whether the call may be retried: the failure must be temporary, and executing the call twice must be safe. */
export function mayBeMadeAgain(error: Error, { idempotent }: AnyProcedure): boolean {
  if (!isCallError(error) || !errorCodes[error.data.code].retryable) return false;
  if (error.data.retry === 'never') return false;
  return idempotent !== false || didNothing(error);
}
