import * as postgres from '@arcadium/postgres/testing';
import { migrationsFolder } from '../folders.ts';

export type { TestDatabase } from '@arcadium/postgres/testing';
export { Plans, reportPlans, type PlanSummary } from './plans.ts';

/**
 * A new database for a suite, with the migrated, empty schemas of services of this repository.
 *
 * @param services Names of folders of `prisma/`, such as `['auth']`.
 * @param server Superuser's URL and a prefix for names.
 * @default those of the vitest run
 */
export function createTestDatabase(
  services: readonly string[],
  server?: { adminUrl: string; runId: string },
): Promise<postgres.TestDatabase> {
  const schemas = services.map((name) => ({ name, migrations: migrationsFolder(name) }));
  return postgres.createTestDatabase(schemas, server);
}
