import { MeshError } from '@arcadium/mesh/wire';

import { isDatabaseUnavailable } from './database-errors.ts';

/**
 * What an error of a database call means to the caller of a service: a
 * database that cannot be reached is SERVICE_UNAVAILABLE. For `serve`'s
 * `classify`.
 */
export function classifyDatabaseError(error: unknown): MeshError | undefined {
  return isDatabaseUnavailable(error)
    ? new MeshError('SERVICE_UNAVAILABLE', 'The database does not answer', { cause: error })
    : undefined;
}
