import { join } from 'node:path';
import type { databaseSettings } from '@arcadium/mesh/config';
import type { Logger } from '@arcadium/mesh/telemetry';
import { migrate } from '@arcadium/postgres/migrate';
import { fromPg, type SqlDatabase } from '@arcadium/postgres/pg';
import { migrateTables } from '@arcadium/postgres/tables';
import { Pool } from 'pg';
import type { Database, Transaction } from './stores/items.ts';

/** The schema with all tables of this service. */
const schema = 'inventory';

/** Applies the migrations: those in `migrations/`, and the tables of idempotency keys. */
export async function migrateDatabase(url: string, log: Logger, signal?: AbortSignal): Promise<void> {
  const folder = join(import.meta.dirname, '../migrations');
  await migrate({ service: schema, url, folder, log, ...(signal && { signal }) });
  await migrateTables({ url, schema });
}

/** An open database. */
export interface OpenDatabase {
  database: Database;
  /** The same, for idempotency keys. */
  sql: SqlDatabase<Transaction>;
  close(): Promise<void>;
}

/** Opens a pool; it connects with the first query. */
export function openDatabase(settings: ReturnType<typeof databaseSettings>, log: Logger): OpenDatabase {
  const pool = new Pool({
    connectionString: settings.url,
    max: settings.poolMax,
    connectionTimeoutMillis: settings.connectTimeoutMs,
    idleTimeoutMillis: settings.idleTimeoutMs,
  });
  // Without a listener, the loss of an idle connection would end the process. The pool replaces it.
  pool.on('error', (error) => log.warn({ reason: error.message }, 'lost a connection to the database'));
  return {
    database: pool,
    sql: fromPg(pool, { schema }),
    close: () => pool.end(),
  };
}
