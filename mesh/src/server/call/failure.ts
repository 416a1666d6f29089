import { TRPCClientError } from '@trpc/client';
import { TRPCError } from '@trpc/server';
import { errorCodes, isErrorCode, MeshError, trpcCodeOf } from '../../wire/index.ts';
import { tooLargeError } from '../http/request-body.ts';

/** Maps an error of a service's own libraries to what a caller gets; `undefined` for any other error. */
export type ClassifyError = (error: unknown) => MeshError | undefined;

const internalMessage = 'Something went wrong inside the service; its log has the details';

/** Converts anything a handler threw into the error to answer. Unknown errors are converted only here. */
export function toMeshError(thrown: unknown, classify?: ClassifyError): MeshError {
  if (thrown instanceof MeshError) return thrown;
  if (isTrpcError(thrown)) return fromTrpc(thrown);
  if (thrown instanceof TRPCClientError) return fromCall(thrown);
  try {
    const classified = classify?.(thrown);
    if (classified) return classified;
  } catch (cause) {
    return new MeshError('INTERNAL_SERVER_ERROR', internalMessage, { cause });
  }
  return new MeshError('INTERNAL_SERVER_ERROR', internalMessage, { cause: thrown });
}

/** Whether it is an error of tRPC; also of another copy of it, as tRPC itself decides. */
export function isTrpcError(thrown: unknown): thrown is TRPCError {
  return thrown instanceof TRPCError || (thrown instanceof Error && thrown.name === 'TRPCError');
}

const requestIds = new WeakMap<TRPCError, string>();

/** Records the request id of an error: tRPC may format it without a context. */
export function nameRequest(error: TRPCError, requestId: string): void {
  requestIds.set(error, requestId);
}

/** The request id recorded by `nameRequest`. */
export function requestNamed(error: TRPCError): string | undefined {
  return requestIds.get(error);
}

/** `toMeshError` for tRPC's adapters, which derive the HTTP status from the code. */
export function toTrpcError(thrown: unknown, classify?: ClassifyError): TRPCError {
  const cause = toMeshError(thrown, classify);
  return new TRPCError({ code: trpcCodeOf(cause.code), message: cause.message, cause });
}

/** tRPC's own errors (unknown procedure, wrong method, malformed JSON) and the ones it wraps. */
function fromTrpc(error: TRPCError): MeshError {
  if (error.cause instanceof MeshError) return error.cause;
  if (error.code === 'INTERNAL_SERVER_ERROR') {
    return new MeshError('INTERNAL_SERVER_ERROR', internalMessage, { cause: error.cause ?? error });
  }
  // tRPC's own message only repeats the code.
  if (error.code === 'PAYLOAD_TOO_LARGE') return tooLargeError();
  // What the mesh cannot parse is BAD_REQUEST on every way in.
  const code = isErrorCode(error.code) && error.code !== 'PARSE_ERROR' ? error.code : 'BAD_REQUEST';
  return new MeshError(code, error.message, { cause: error });
}

/** A failed call that the handler did not catch: TIMEOUT and unavailability pass through, anything else is a fault here. */
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
