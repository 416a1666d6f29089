import pg from 'pg';
import { serviceNames } from './mesh.ts';

/** A fingerprint of the rows of each table, by `schema.table`. */
export type DatabaseState = Readonly<Record<string, string>>;

/**
 * The state of all tables of all services, to detect writes.
 *
 * @param adminUrl The superuser's URL, which can read every schema.
 * @param without Tables that may be written to.
 */
export async function databaseState(
  adminUrl: string,
  without: readonly string[] = [],
): Promise<DatabaseState> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = ANY($1) ORDER BY 1`,
      [serviceNames],
    );
    const state: Record<string, string> = {};
    for (const { name } of tables.filter((table) => !without.includes(table.name))) {
      const { rows } = await client.query<{ sum: string }>(
        `SELECT count(*) || ' rows, ' || coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') AS sum FROM ${name} t`,
      );
      state[name] = rows[0]?.sum ?? '';
    }
    return state;
  } finally {
    await client.end();
  }
}
