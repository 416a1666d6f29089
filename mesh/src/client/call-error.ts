import { TRPCClientError } from '@trpc/client';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import type { z } from 'zod';
import {
  errorCodes,
  isErrorCode,
  MeshError,
  type ErrorCode,
  type ErrorData,
  type ErrorShape,
} from '../wire/index.ts';
import { notReached, TransportError, type Answer } from './transports/transport.ts';

/** The error of every call that failed: `data.code` says how, whether a server said so or none was reached. */
export type CallError = TRPCClientError<{ errorShape: ErrorShape; transformer: false }> & {
  readonly data: ErrorData;
};

/** What the error of a call that no server answered may hold beside its code and message. */
type LocalErrorOptions = { cause?: unknown } & Pick<ErrorData, 'retry' | 'retryAfterMs'>;

/** Makes the error of a call that no server answered: it looks like one that a server sent. */
export function localError(
  code: ErrorCode,
  message: string,
  { cause, ...advice }: LocalErrorOptions = {},
): CallError {
  const shape: ErrorShape = {
    message,
    code: TRPC_ERROR_CODES_BY_KEY[code],
    data: { code, httpStatus: errorCodes[code].httpStatus, ...advice },
  };
  return new TRPCClientError(message, {
    result: { error: shape },
    ...(cause instanceof Error && { cause }),
  });
}

/**
 * Reads a server's answer. Looked at by hand: this is done for every call, and
 * a schema would look at all of it again.
 *
 * @param output What the contract promises.
 * @throws CallError as the server sent it; BAD_GATEWAY for one that is not tRPC's, as a proxy's page;
 * INTERNAL_SERVER_ERROR for one that breaks the contract.
 */
export function readAnswer({ status, body, retryAfterMs }: Answer, output: z.ZodType): unknown {
  const { result, error } = (body ?? {}) as Body;
  if (typeof result === 'object' && result !== null) {
    const parsed = output.safeParse(result.data);
    if (parsed.success) return parsed.data;
    throw localError('INTERNAL_SERVER_ERROR', 'The answer does not match the contract', {
      cause: parsed.error,
    });
  }
  const code = error?.data?.code;
  if (!isErrorCode(code) || typeof error?.message !== 'string') {
    const advice = retryAfterMs === undefined ? {} : { retryAfterMs };
    throw localError('BAD_GATEWAY', `The answer (HTTP ${status}) did not come from a mesh service`, advice);
  }
  const numeric = typeof error.code === 'number' ? error.code : TRPC_ERROR_CODES_BY_KEY[code];
  throw new TRPCClientError(error.message, { result: { error: { ...error, code: numeric } } });
}

/** What is looked at of a body, whatever it may hold. */
type Body = {
  result?: { data?: unknown } | null;
  error?: { message?: unknown; code?: unknown; data?: { code?: unknown } | null } | null;
};

/**
 * A mutation failed, and whether it had its effect is not known: the request
 * may have arrived, and no answer came that says so. One with an idempotency
 * key may be made again under that key, and is answered with the first answer.
 * `data.code` says how it failed.
 */
export class InDoubtError extends TRPCClientError<{ errorShape: ErrorShape; transformer: false }> {
  declare readonly data: ErrorData & { readonly inDoubt: true };
  /** What it was sent under, where its contract asks for one. */
  readonly idempotencyKey: string | undefined;

  constructor(error: CallError, idempotencyKey: string | undefined) {
    const message = `${error.message}; the call may or may not have been executed`;
    const data = { ...error.data, inDoubt: true };
    super(message, {
      result: { error: { message, code: TRPC_ERROR_CODES_BY_KEY[data.code], data } },
      cause: error.cause ?? error,
    });
    // The base class makes itself the prototype.
    Object.setPrototypeOf(this, new.target.prototype);
    this.name = 'InDoubtError';
    this.meta = error.meta;
    this.idempotencyKey = idempotencyKey;
  }
}

/** Whether a call failed with an error of the mesh, and not with a bug. */
export function isCallError(error: unknown): error is CallError {
  return error instanceof TRPCClientError && isErrorCode((error.data as ErrorData | undefined)?.code);
}

/** Whatever kept an attempt from being answered, as the error of a call. */
export function toCallError(error: unknown): CallError {
  if (isCallError(error)) return error;
  if (error instanceof TransportError)
    return localError('SERVICE_UNAVAILABLE', error.message, { cause: error });
  // Nothing was sent: an input that JSON cannot carry, or a token that no header may hold.
  return localError('BAD_REQUEST', `The call cannot be sent: ${String(error)}`, { cause: error });
}

/** Why nobody waits any more: the deadline of the call that this one belongs to, a closed client, or the caller's own will. */
export function goneError(reason: unknown, cause: unknown): CallError {
  return reason instanceof MeshError
    ? localError(reason.code, reason.message, { cause })
    : localError('CLIENT_CLOSED_REQUEST', 'The call was cancelled by its caller', { cause });
}

/** The error of a call that must be made for a user and has none. */
export function noUserError(service: string, { path }: { path: string }): CallError {
  const message =
    `${service}.${path} must be called for a user, but this call has none: ` +
    'call it in a handler that serves a user, or pass { context: { userToken } }';
  return localError('UNAUTHORIZED', message, { cause: notReached(message), retry: 'never' });
}
