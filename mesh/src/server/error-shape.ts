import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { errorCodes, type ErrorShape, type MeshError } from '../wire/index.ts';

/** An error as it goes out: nothing of a stack, and nothing that is none of the caller's business. */
export function errorShape(
  { code, message, named, issues }: MeshError,
  { path, requestId }: { path?: string | undefined; requestId?: string | undefined },
): ErrorShape {
  return {
    message,
    code: TRPC_ERROR_CODES_BY_KEY[code],
    data: {
      code,
      httpStatus: errorCodes[code].httpStatus,
      ...(path !== undefined && { path }),
      ...(requestId !== undefined && { requestId }),
      ...(issues && { issues }),
      ...(named && { error: named }),
    },
  };
}
