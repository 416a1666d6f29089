import { MeshError } from '@arcadium/mesh/contract';

/**
 * How long a call waits for others with its key, or its work for a lock, in milliseconds: less than the 5 s
 * after which most callers give up, and short enough that repeated calls do not occupy all connections.
 */
export const longestWaitMs = 3000;

/** When a call that did not get its turn may be repeated, in milliseconds. */
const comeAgainMs = 1000;

/** The error of a call that did nothing. */
export function notNow(cause?: unknown, message = 'Another call blocks this one'): MeshError {
  return new MeshError('SERVICE_UNAVAILABLE', message, { retry: 'safe', retryAfterMs: comeAgainMs, cause });
}
