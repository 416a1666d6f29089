import { MeshError } from '@arcadium/mesh/contract';

/** When a call may be repeated, in milliseconds. */
const comeAgainMs = 1000;

/**
 * The error of a call that other transactions blocked for too long. Sends are idempotent, so it may be
 * repeated.
 */
export function inTheWay(cause: unknown): MeshError {
  return new MeshError('SERVICE_UNAVAILABLE', 'Another transaction blocks this call', {
    retryAfterMs: comeAgainMs,
    cause,
  });
}
