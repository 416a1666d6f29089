import { escapeIdentifier, type Client } from 'pg';

import { hasCode } from '../database/database-errors.ts';
import type { Logger } from '../logger.ts';

/** The PostgreSQL extensions that services may use, in the schema `extensions`. */
export const extensionNames = ['pg_trgm', 'unaccent', 'citext'];

/** Creates missing extensions, and moves those in other schemas. */
export async function createExtensions(inside: Client, log: Logger): Promise<void> {
  await inside.query('CREATE SCHEMA IF NOT EXISTS extensions');
  for (const extension of extensionNames) {
    const { rows } = await inside.query<{ schema: string | null }>(
      `SELECT n.nspname AS schema FROM pg_available_extensions a
       LEFT JOIN pg_extension e ON e.extname = a.name LEFT JOIN pg_namespace n ON n.oid = e.extnamespace
       WHERE a.name = $1`,
      [extension],
    );
    const found = rows[0];
    if (!found) {
      log.warn({ extension }, 'this PostgreSQL does not have the extension; what needs it will not work');
    } else if (found.schema === null) {
      await inside.query(`CREATE EXTENSION ${escapeIdentifier(extension)} SCHEMA extensions`);
    } else if (found.schema !== 'extensions') {
      await inside.query(`ALTER EXTENSION ${escapeIdentifier(extension)} SET SCHEMA extensions`);
    }
  }
  await createStatistics(inside, log);
}

/** A superuser must create it, unlike the others. */
const notAllowed: ReadonlySet<string> = new Set(['42501']);

/**
 * Creates `pg_stat_statements`, which only operators need, if the server has it: it counts statements if it is in
 * `shared_preload_libraries` too.
 */
async function createStatistics(inside: Client, log: Logger): Promise<void> {
  const { rowCount } = await inside.query(
    `SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements' AND installed_version IS NULL`,
  );
  if (rowCount === 0) return;
  try {
    await inside.query('CREATE EXTENSION pg_stat_statements SCHEMA extensions');
  } catch (error) {
    if (!hasCode(error, notAllowed)) throw error;
    log.info(
      {},
      'pg_stat_statements was not created: this role may not; a superuser may, in the schema extensions',
    );
  }
}
