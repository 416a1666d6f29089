import { TRPCClientError } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import {
  errorCodes,
  isErrorCode,
  MeshError,
  trpcCodeOf,
  type ErrorCode,
  type ErrorData,
  type ErrorShape,
} from '../wire/index.ts';
import { notReached, TransportError, type Answer } from './transports/transport.ts';

/** Error of a failed call. `data.code` is set whether or not a server answered. */
export type CallError = TRPCClientError<{ errorShape: ErrorShape; transformer: false }> & {
  readonly data: ErrorData;
};

type LocalErrorOptions = { cause?: unknown } & Pick<
  ErrorData,
  'retry' | 'retryAfterMs' | 'notServing' | 'requestId' | 'error'
>;

/** Creates an error like one from a server, for a call that no server answered. */
export function localError(
  code: ErrorCode,
  message: string,
  { cause, ...advice }: LocalErrorOptions = {},
): CallError {
  const shape: ErrorShape = {
    message,
    code: TRPC_ERROR_CODES_BY_KEY[trpcCodeOf(code)],
    data: { code, httpStatus: errorCodes[code].httpStatus, ...advice },
  };
  return new TRPCClientError(message, {
    result: { error: shape },
    ...(cause instanceof Error && { cause }),
  });
}

/** The error in a server's answer: as it was sent, or BAD_GATEWAY if it is not tRPC's, such as a proxy's error page. */
export function answeredError({ status, body, retryAfterMs }: Answer): CallError {
  const { error } = (body ?? {}) as Body;
  const code = error?.data?.code;
  if (!isErrorCode(code) || typeof error?.message !== 'string') {
    const advice = retryAfterMs === undefined ? {} : { retryAfterMs };
    return localError('BAD_GATEWAY', `The answer (HTTP ${status}) did not come from a mesh service`, advice);
  }
  const numeric = typeof error.code === 'number' ? error.code : TRPC_ERROR_CODES_BY_KEY[trpcCodeOf(code)];
  return new TRPCClientError(error.message, { result: { error: { ...error, code: numeric } } });
}

/** The part of an untrusted body that is read. */
type Body = {
  error?: { message?: unknown; code?: unknown; data?: { code?: unknown } | null } | null;
};

/**
 * A mutation failed and may have been executed: the request may have arrived, but no answer came. With an idempotency
 * key, it can be retried with that key and gets the first answer. `data.code` says how it failed.
 *
 * @example
 * try {
 *   await connect(shopContract, { url: 'http://shop:3000', as: 'user' }).items.order.mutate({ id: 'pen' });
 * } catch (error) {
 *   if (error instanceof InDoubtError) console.log('it may have been ordered', error.idempotencyKey);
 * }
 */
export class InDoubtError extends TRPCClientError<{ errorShape: ErrorShape; transformer: false }> {
  declare readonly data: ErrorData & { readonly inDoubt: true };
  /** Key of the mutation, if its contract requires one. */
  readonly idempotencyKey: string | undefined;

  constructor(error: CallError, idempotencyKey: string | undefined) {
    const message = `${error.message}; the call may or may not have been executed`;
    const data = { ...error.data, inDoubt: true };
    super(message, {
      result: { error: { message, code: TRPC_ERROR_CODES_BY_KEY[trpcCodeOf(data.code)], data } },
      cause: error.cause ?? error,
    });
    // The base class sets its own prototype.
    Object.setPrototypeOf(this, new.target.prototype);
    this.name = 'InDoubtError';
    this.meta = error.meta;
    this.idempotencyKey = idempotencyKey;
  }
}

/**
 * The error of a router without a contract, as a link hands it to the caller: in the router's own shape, with the
 * CallError that the policies read around it.
 */
export function sentError({ cause }: CallError): TRPCClientError<AnyTRPCRouter> | undefined {
  return cause instanceof TRPCClientError ? cause : undefined;
}

/**
 * Whether an error is a CallError, not a bug.
 *
 * @example
 * try {
 *   await shop.items.get.query({ id: 'pen' });
 * } catch (error) {
 *   if (isCallError(error)) console.log(error.data.code);
 *   else throw error;
 * }
 */
export function isCallError(error: unknown): error is CallError {
  return error instanceof TRPCClientError && isErrorCode((error.data as ErrorData | undefined)?.code);
}

/** Converts any error of an attempt without an answer. */
export function toCallError(error: unknown): CallError {
  if (isCallError(error)) return error;
  if (error instanceof TransportError)
    return localError('SERVICE_UNAVAILABLE', error.message, { cause: error });
  // Nothing was sent: the input is not JSON, or the token is invalid in a header.
  return localError('BAD_REQUEST', `The call cannot be sent: ${String(error)}`, { cause: error });
}

/** Error of a cancelled call: by the deadline of its handler, a closed client, or its caller. */
export function goneError(reason: unknown, cause: unknown): CallError {
  return reason instanceof MeshError
    ? localError(reason.code, reason.message, { cause })
    : localError('CLIENT_CLOSED_REQUEST', 'The call was cancelled by its caller', { cause });
}

/** Error of a call that requires a user and has none. */
export function noUserError(service: string, { path }: { path: string }): CallError {
  const message =
    `${service}.${path} must be called for a user, but this call has none: ` +
    'call it in a handler that serves a user, or pass { context: { userToken } }';
  return localError('UNAUTHORIZED', message, { cause: notReached(message), retry: 'never' });
}
