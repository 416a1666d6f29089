import { MeshError } from '@arcadium/mesh/wire';

/**
 * How long a call waits for others of the same key, or its work for any lock, in milliseconds: less than the 5 s after
 * which most callers give up, and not so long that callers who repeat themselves hold all connections.
 */
export const longestWaitMs = 3000;

/** How soon a call may come again that did not get its turn, in milliseconds. */
const comeAgainMs = 1000;

/** What is told to a call that did nothing. */
export function notNow(cause?: unknown, message = 'Another call blocks this one'): MeshError {
  return new MeshError('SERVICE_UNAVAILABLE', message, { retry: 'safe', retryAfterMs: comeAgainMs, cause });
}
