import { escapeIdentifier, type Client } from 'pg';

import type { Logger } from '../logger.ts';

/** The PostgreSQL extensions that services may use, in the schema `extensions`. */
const extensionNames = ['pg_trgm', 'unaccent', 'citext'];

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
}
