import { TRPCClientError } from '@trpc/client';
import { TRPCError } from '@trpc/server';
import { errorCodes, isErrorCode, MeshError } from '../../wire/index.ts';
import { tooLargeError } from '../http/request-body.ts';

/** Says what an error that a service's own libraries throw means to a caller; `undefined` if it is not one of those. */
export type ClassifyError = (error: unknown) => MeshError | undefined;

/** What a caller is told when something broke that is none of its business. */
const internalMessage = 'Something went wrong inside the service; its log has the details';

/**
 * Turns whatever a handler threw into the one error that is answered. This is
 * the only place where an unknown error is converted.
 */
export function toMeshError(thrown: unknown, classify?: ClassifyError): MeshError {
  if (thrown instanceof MeshError) return thrown;
  if (thrown instanceof TRPCError) return fromTrpc(thrown);
  if (thrown instanceof TRPCClientError) return fromCall(thrown);
  try {
    const classified = classify?.(thrown);
    if (classified) return classified;
  } catch (cause) {
    return new MeshError('INTERNAL_SERVER_ERROR', internalMessage, { cause });
  }
  return new MeshError('INTERNAL_SERVER_ERROR', internalMessage, { cause: thrown });
}

/** Which request an error of tRPC ended; where it has no context for one, it knows nothing of the request. */
const requestIds = new WeakMap<TRPCError, string>();

/** Notes which request ended with an error, before the error is formatted. */
export function nameRequest(error: TRPCError, requestId: string): void {
  requestIds.set(error, requestId);
}

/** Which request ended with an error; `undefined` unless `nameRequest` was told. */
export function requestNamed(error: TRPCError): string | undefined {
  return requestIds.get(error);
}

/** The same, as tRPC's adapters want it: they take the HTTP status from the code. */
export function toTrpcError(thrown: unknown, classify?: ClassifyError): TRPCError {
  const cause = toMeshError(thrown, classify);
  return new TRPCError({ code: cause.code, message: cause.message, cause });
}

/** tRPC's own refusals (no such procedure, wrong method, malformed JSON) and what it wrapped. */
function fromTrpc(error: TRPCError): MeshError {
  if (error.cause instanceof MeshError) return error.cause;
  if (error.code === 'INTERNAL_SERVER_ERROR') {
    return new MeshError('INTERNAL_SERVER_ERROR', internalMessage, { cause: error.cause ?? error });
  }
  // tRPC's own says no more than its code.
  if (error.code === 'PAYLOAD_TOO_LARGE') return tooLargeError();
  const code = isErrorCode(error.code) ? error.code : 'BAD_REQUEST';
  return new MeshError(code, error.message, { cause: error });
}

/** A call that a handler made and whose failure it did not handle: a time-out and unavailable stay that, all else is a fault here. */
function fromCall(error: TRPCClientError<never>): MeshError {
  const data: unknown = error.data;
  const code = typeof data === 'object' && data !== null && 'code' in data ? data.code : undefined;
  if (code === 'TIMEOUT') {
    return new MeshError('TIMEOUT', 'A service that this one needs did not answer in time', { cause: error });
  }
  return isErrorCode(code) && errorCodes[code].retryable
    ? new MeshError('SERVICE_UNAVAILABLE', 'A service that this one needs does not answer', { cause: error })
    : new MeshError('INTERNAL_SERVER_ERROR', internalMessage, { cause: error });
}
