import { MeshError } from '@arcadium/mesh/wire';

/** How soon a call may come again, in milliseconds. */
const comeAgainMs = 1000;

/** What is told to a call that others were in the way of for too long. Sends are idempotent: it may be made again. */
export function inTheWay(cause: unknown): MeshError {
  return new MeshError('SERVICE_UNAVAILABLE', 'Another transaction blocks this call', {
    retryAfterMs: comeAgainMs,
    cause,
  });
}
