import type { AnyProcedure } from '../contract/index.ts';
import { errorCodes } from '../wire/index.ts';
import { isCallError, type CallError } from './call-error.ts';
import { TransportError } from './transports/transport.ts';

/** Whether it is certain that nothing was done with the call that failed so. */
export function didNothing({ data, cause }: CallError): boolean {
  return data.retry === 'safe' || (cause instanceof TransportError && !cause.reached);
}

/** Whether nobody was reached, or only a process that takes no calls yet. */
export function foundNobody({ data, cause }: CallError): boolean {
  if (data.notServing) return true;
  return data.code === 'SERVICE_UNAVAILABLE' && cause instanceof TransportError && !cause.reached;
}

/**
 * Whether the call may have had its effect although it failed so. An error
 * that the contract names, and a refusal, are answers; all else may have
 * happened after the work was done, or on the way back.
 */
export function mayHaveRun(error: CallError): boolean {
  const { code, error: named } = error.data;
  return !named && !didNothing(error) && errorCodes[code].mayHaveRun;
}

/** Whether the same call may be made again: what failed must be able to pass, and doing it twice must do no harm. */
export function mayBeMadeAgain(error: Error, { idempotent }: AnyProcedure): boolean {
  if (!isCallError(error) || !errorCodes[error.data.code].retryable) return false;
  if (error.data.retry === 'never') return false;
  return idempotent !== false || didNothing(error);
}
