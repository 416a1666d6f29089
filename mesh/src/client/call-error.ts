import { TRPCClientError } from '@trpc/client';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { z } from 'zod';
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

const success = z.object({ result: z.object({ data: z.unknown().optional() }) });

const failure = z.object({
  error: z.looseObject({
    message: z.string(),
    code: z.number().optional(),
    data: z.looseObject({ code: z.string() }),
  }),
});

/**
 * Reads a server's answer.
 *
 * @param output What the contract promises.
 * @throws CallError as the server sent it; BAD_GATEWAY for one that is not tRPC's, as a proxy's page;
 * INTERNAL_SERVER_ERROR for one that breaks the contract.
 */
export function readAnswer({ status, body }: Answer, output: z.ZodType): unknown {
  const succeeded = success.safeParse(body);
  if (succeeded.success) {
    const parsed = output.safeParse(succeeded.data.result.data);
    if (parsed.success) return parsed.data;
    throw localError('INTERNAL_SERVER_ERROR', 'The answer breaks the contract', parsed.error);
  }
  const failed = failure.safeParse(body);
  if (!failed.success || !isErrorCode(failed.data.error.data.code)) {
    throw localError('BAD_GATEWAY', `The answer (HTTP ${status}) is not one of this mesh`);
  }
  const { message, data, code } = failed.data.error;
  const shape = { message, code: code ?? TRPC_ERROR_CODES_BY_KEY[data.code as ErrorCode], data };
  throw new TRPCClientError(message, { result: { error: shape } });
}

/** Whether a call failed with an error of the mesh, and not with a bug. */
export function isCallError(error: unknown): error is CallError {
  return error instanceof TRPCClientError && isErrorCode((error.data as ErrorData | undefined)?.code);
}
