import type { Database } from './transaction.ts';

/**
 * Deletes sessions that ended before a time, and their refresh tokens first, because one session may have
 * thousands. Rows that another process is deleting are skipped.
 *
 * @param limit Most rows of each table.
 * @returns The number of rows in both tables.
 */
export async function deleteOverSessions(database: Database, before: Date, limit: number): Promise<number> {
  const tokens = await database.$executeRaw`
    DELETE FROM refresh_tokens WHERE hash IN (
      SELECT token.hash FROM sessions AS session JOIN refresh_tokens AS token ON token.session_id = session.id
      WHERE session.expires_at < ${before} OR session.ended_at < ${before}
      LIMIT ${limit}::int FOR UPDATE OF token SKIP LOCKED
    )`;
  if (tokens >= limit) return tokens;
  const sessions = await database.$executeRaw`
    DELETE FROM sessions WHERE id IN (
      SELECT id FROM sessions AS session
      WHERE (expires_at < ${before} OR ended_at < ${before})
        AND NOT EXISTS (SELECT FROM refresh_tokens WHERE session_id = session.id)
      LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
    )`;
  return tokens + sessions;
}
