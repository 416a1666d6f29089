import { errorCodes } from '../wire/index.ts';
import { isCallError, sentError, type CallError } from './call-error.ts';
import type { CalledProcedure } from './target.ts';
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
 * Whether the failed call may have been executed. Typed errors, errors of a router without a contract, and refusals are
 * answers; other failures may have come after the work, or on the way back.
 */
export function mayHaveRun(error: CallError): boolean {
  const { code, error: named } = error.data;
  return !named && !sentError(error) && !didNothing(error) && errorCodes[code].mayHaveRun;
}

/** Whether the call may be retried: the failure must be temporary, and executing the call twice must be safe. */
export function mayBeMadeAgain(error: Error, { idempotent }: Pick<CalledProcedure, 'idempotent'>): boolean {
  if (!isCallError(error) || !errorCodes[error.data.code].retryable) return false;
  if (error.data.retry === 'never') return false;
  return idempotent !== false || didNothing(error);
}
