import { isErrorCode, MeshError } from '@arcadium/mesh/contract';

import { isUnreachable } from '../database/database-errors.ts';

/**
 * Throw this in `deliver` for a message that will never be accepted: it is given up at once, instead of after
 * 20 failures.
 *
 * @example
 * if (response.status === 410) throw new UndeliverableError('the address does not exist any more');
 */
export class UndeliverableError extends Error {
  override readonly name = 'UndeliverableError';
}

/**
 * The error of a delivery, with the code that the relay judges it by. Errors of a mesh or tRPC client have one. Of
 * others, one that says that the receiver cannot be reached is about all messages; any other is a failure at this
 * message.
 */
export function judged(error: unknown): unknown {
  if (codesOf(error).some(isErrorCode)) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UndeliverableError)
    return new MeshError('UNPROCESSABLE_CONTENT', message, { cause: error });
  const code = isUnreachable(error) ? 'SERVICE_UNAVAILABLE' : 'INTERNAL_SERVER_ERROR';
  return new MeshError(code, message, { cause: error });
}

function codesOf(error: unknown): unknown[] {
  if (typeof error !== 'object' || error === null) return [];
  const { data, code } = error as { data?: { code?: unknown } | null; code?: unknown };
  return [data?.code, code];
}
