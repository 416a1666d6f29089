import { TRPCClientError } from '@trpc/client';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import type { z } from 'zod';
import { errorCodes, isErrorCode, type ErrorCode, type ErrorData, type ErrorShape } from '../wire/index.ts';
import type { Answer } from './transport.ts';

/** The error of every call that failed: `data.code` says how, whether a server said so or none was reached. */
export type CallError = TRPCClientError<{ errorShape: ErrorShape; transformer: false }> & {
  readonly data: ErrorData;
};

/** Makes the error of a call that no server answered: it looks like one that a server sent. */
export function localError(code: ErrorCode, message: string, cause?: unknown): CallError {
  const shape: ErrorShape = {
    message,
    code: TRPC_ERROR_CODES_BY_KEY[code],
    data: { code, httpStatus: errorCodes[code].httpStatus },
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
export function readAnswer({ status, body }: Answer, output: z.ZodType): unknown {
  const { result, error } = (body ?? {}) as Body;
  if (typeof result === 'object' && result !== null) {
    const parsed = output.safeParse(result.data);
    if (parsed.success) return parsed.data;
    throw localError('INTERNAL_SERVER_ERROR', 'The answer breaks the contract', parsed.error);
  }
  const code = error?.data?.code;
  if (!isErrorCode(code) || typeof error?.message !== 'string') {
    throw localError('BAD_GATEWAY', `The answer (HTTP ${status}) is not one of this mesh`);
  }
  const numeric = typeof error.code === 'number' ? error.code : TRPC_ERROR_CODES_BY_KEY[code];
  throw new TRPCClientError(error.message, { result: { error: { ...error, code: numeric } } });
}

/** What is looked at of a body, whatever it may hold. */
type Body = {
  result?: { data?: unknown } | null;
  error?: { message?: unknown; code?: unknown; data?: { code?: unknown } | null } | null;
};

/** Whether a call failed with an error of the mesh, and not with a bug. */
export function isCallError(error: unknown): error is CallError {
  return error instanceof TRPCClientError && isErrorCode((error.data as ErrorData | undefined)?.code);
}
