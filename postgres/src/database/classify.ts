import { MeshError } from '@arcadium/mesh/contract';

import type { Availability } from './availability.ts';
import { hasCode, isDatabaseUnavailable } from './database-errors.ts';
import type { Writes } from './writes.ts';

/** When a caller may retry a write, in milliseconds: a failover takes seconds, a full disk longer. */
const writeAgainMs = 5000;

/** A text that PostgreSQL cannot hold, such as one with a NUL character: only a caller's input has these. */
const badTextCodes: ReadonlySet<string> = new Set(['22021']);

/**
 * The error for a caller: SERVICE_UNAVAILABLE if the database cannot be reached or takes no writes. Both are
 * states that log their own beginning and end. BAD_REQUEST if it was given a text that it cannot hold.
 */
export function classifyDatabaseError(
  error: unknown,
  { availability, writes }: { availability: Availability; writes: Writes },
): MeshError | undefined {
  const state = { cause: error, told: true } as const;
  if (isDatabaseUnavailable(error)) {
    availability.failed(error);
    return new MeshError('SERVICE_UNAVAILABLE', 'The database does not answer', state);
  }
  const reason = writes.failed(error);
  if (reason)
    return new MeshError('SERVICE_UNAVAILABLE', `The database ${reason}`, {
      ...state,
      retryAfterMs: writeAgainMs,
    });
  if (hasCode(error, badTextCodes))
    return new MeshError('BAD_REQUEST', 'The input has a character that cannot be stored, such as NUL', {
      cause: error,
    });
  if (!(error instanceof Error) || error.name !== 'PrismaClientValidationError') return undefined;
  const cause = withoutArguments(error);
  return new MeshError(
    'INTERNAL_SERVER_ERROR',
    'A query of the service is invalid; its log has the details',
    {
      cause,
    },
  );
}

/** Removes the arguments of the query, which Prisma prints first, including password hashes. */
function withoutArguments({ name, message, stack = '' }: Error): Error {
  const paragraphs = message.trim().split('\n\n');
  const reason = [paragraphs[0], paragraphs.at(-1)].join(' ').replaceAll(/\s+/g, ' ');
  const cause = new Error(`${name}: ${reason}`);
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  cause.stack = [cause.message, ...frames].join('\n');
  return cause;
}
