import { within } from '@arcadium/mesh/config';
import { MeshError } from '@arcadium/mesh/contract';

import { isDatabaseUnavailable } from '../database/database-errors.ts';
import type { SqlExecutor } from './sql-database.ts';

const pingTimeoutMs = 1_000;

/**
 * Options of `serve` for a service with this database: its health, and SERVICE_UNAVAILABLE for callers while it
 * cannot be reached.
 *
 * @example
 * const service = await serve(shopContract, handlers, { ...servingOf(database), port: 8010, version: '1.0.0', log });
 */
export function servingOf(database: SqlExecutor): {
  /** Rejects if the database does not answer within a second. */
  pingDatabase(): Promise<void>;
  /** The error for a caller, if the database could not be reached. */
  classify(error: unknown): MeshError | undefined;
} {
  return {
    pingDatabase: async () => {
      await within(() => database.query('SELECT 1 AS one', []), { ms: pingTimeoutMs });
    },
    classify: (error) =>
      isDatabaseUnavailable(error)
        ? new MeshError('SERVICE_UNAVAILABLE', 'The database does not answer', { cause: error })
        : undefined,
  };
}
