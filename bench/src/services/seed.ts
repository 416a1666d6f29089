import { createHash, randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';

/** What callers have to know of what is stored. */
export interface Seeded {
  /** Whose notifications there are. */
  readonly reader: string;
  /** Refresh tokens of sessions of their own, for each side. */
  readonly tokens: Readonly<Record<'mesh' | 'bare', readonly string[]>>;
}

/** How many pages stand at the top, and how many on the first two levels, however many there are. */
const topPages = 20;
const upperPages = 100;

/** A word of twenty of the first hundred pages, and of no other. */
export const rareWord = 'heron';

const sentence = 'The page that you watch has a new comment, and it asks for your opinion. ';

/**
 * Fills the schemas of all services with pages, notifications of one reader, and users with one session each.
 *
 * @param adminUrl The superuser's URL of the database.
 * @param callers How many sessions of their own each side gets besides.
 */
export async function seed(
  adminUrl: string,
  { size, callers }: { size: number; callers: number },
): Promise<Seeded> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await seedPages(client, size);
    const reader = randomUUID();
    await client.query(
      `INSERT INTO notification.notifications (id, user_id, sender, key, fingerprint, topic, title, body, link, created_at)
       SELECT uuidv7(), $1, 'wiki', n::text, '', 'page', 'Page ' || n, $2, '/pages/page-' || n, now() - n * interval '1 minute'
       FROM generate_series(1, $3::int) n`,
      [reader, sentence, size],
    );
    const tokens = { mesh: newTokens(callers), bare: newTokens(callers) };
    await seedSessions(client, [...newTokens(size), ...tokens.mesh, ...tokens.bare]);
    await client.query('VACUUM ANALYZE');
    return { reader, tokens };
  } finally {
    await client.end();
  }
}

/** Pages at the top, four below each of them, and the rest below those; and the terms of all. */
async function seedPages(client: pg.Client, size: number): Promise<void> {
  await client.query('SET search_path = wiki, extensions');
  await client.query(
    `CREATE FUNCTION pg_temp.page_id(n int) RETURNS uuid LANGUAGE sql IMMUTABLE
     RETURN overlay(overlay(md5(n::text) placing '7' from 13) placing '8' from 17)::uuid`,
  );
  await client.query(
    `INSERT INTO pages (id, slug, title, body, plain, parent_id, author_id)
     SELECT pg_temp.page_id(n), 'page-' || n, 'Page ' || n, text, text,
       CASE WHEN n <= $2 THEN NULL WHEN n <= $3 THEN pg_temp.page_id(1 + n % $2)
       ELSE pg_temp.page_id(1 + $2 + n % ($3 - $2)) END, uuidv7()
     FROM (
       SELECT n, repeat($4, 12) || CASE WHEN n <= $3 AND n % 5 = 0 THEN $5 ELSE '' END AS text
       FROM generate_series(1, $1::int) n
     ) AS made`,
    [size, topPages, upperPages, sentence, rareWord],
  );
  // Ten that are on every page, first in the alphabet, and twenty of two thousand.
  await client.query(
    `INSERT INTO index_entries (page_id, term, kind, weight)
     SELECT p.id, term, 'body', 1.2 FROM pages p, LATERAL (
       SELECT 'all' || n AS term FROM generate_series(1, 10) n
       UNION
       SELECT 'term' || abs(hashtext(p.slug || n)) % 2000 FROM generate_series(1, 20) n
     ) AS terms`,
  );
  await client.query(
    `UPDATE pages SET words = to_tsvector('pg_catalog.english', plain), indexed_revision = revision`,
  );
}

function newTokens(count: number): string[] {
  return Array.from({ length: count }, () => randomBytes(32).toString('base64url'));
}

/** What auth stores of a refresh token. */
export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** A user with a session for each of the tokens. */
async function seedSessions(client: pg.Client, tokens: readonly string[]): Promise<void> {
  await client.query('SET search_path = auth, extensions');
  await client.query(
    `WITH made AS (
       SELECT uuidv7() AS user_id, uuidv7() AS session_id, hash, n FROM unnest($1::bytea[]) WITH ORDINALITY AS given (hash, n)
     ), users AS (
       INSERT INTO users (id, email, name, password_hash)
       SELECT user_id, 'user' || n || '@example.com', 'User ' || n, '' FROM made
     ), sessions AS (
       INSERT INTO sessions (id, user_id, expires_at) SELECT session_id, user_id, now() + interval '30 days' FROM made
     )
     INSERT INTO refresh_tokens (hash, session_id) SELECT hash, session_id FROM made`,
    [tokens.map(hashOf)],
  );
}
