import { silentLogger } from '@arcadium/mesh/testing';
import { openDatabase } from '@arcadium/postgres/database';
import type { SqlDatabase } from '@arcadium/postgres/idempotency';
import { fromPrisma } from '@arcadium/postgres/prisma';
import { PrismaClient } from '@arcadium/prisma/inventory';
import { createTestDatabase } from '@arcadium/prisma/testing';
import type { Database, Transaction } from '../stores/items.ts';

/** An empty, migrated database. */
export interface TestDatabase {
  database: Database;
  sql: SqlDatabase<Transaction>;
  close(): Promise<void>;
}

/** Opens one, on the PostgreSQL of the test run. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const server = await createTestDatabase(['inventory']);
  const url = server.url('inventory');
  const opened = openDatabase({ url, schema: 'inventory', client: PrismaClient, log: silentLogger });
  return {
    database: opened.client,
    sql: fromPrisma(opened.client, { schema: 'inventory' }),
    async close() {
      await opened.close();
      await server.drop();
    },
  };
}
