import { silentLogger } from '@arcadium/mesh/testing';
import { createTestCluster } from '@arcadium/postgres/testing-cluster';
import { migrateDatabase, openDatabase, type OpenDatabase } from '../database.ts';

/** Starts a PostgreSQL with the empty tables of this service. */
export async function openTestDatabase(): Promise<Pick<OpenDatabase, 'database' | 'sql' | 'close'>> {
  const cluster = await createTestCluster();
  const settings = {
    url: cluster.adminUrl,
    pooled: false,
    poolMax: 4,
    connectTimeoutMs: 5000,
    idleTimeoutMs: 5000,
  };
  await migrateDatabase(settings.url, silentLogger);
  const opened = openDatabase(settings, silentLogger);
  return {
    ...opened,
    async close() {
      await opened.close();
      await cluster[Symbol.asyncDispose]();
    },
  };
}
