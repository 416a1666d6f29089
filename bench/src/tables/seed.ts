import pg from 'pg';

/** How much there is. */
export interface TableSize {
  readonly notifications: number;
  readonly pages: number;
}

/** Notifications of each user, one in twenty of them unread, whatever the number of users. */
export const notificationsOfUser = 1000;

/** Pages at the top, and on the first two levels. */
const topPages = 20;
const upperPages = 100;

/** A word of twenty pages, and one of every page. */
export const rareWord = 'heron';
export const commonWord = 'opinion';

const sentence = 'The page that you watch has a new comment, and it asks for your opinion. ';

/** The id of the n-th user or page. */
const madeId = `
  CREATE OR REPLACE FUNCTION pg_temp.made_id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
  RETURN overlay(overlay(md5(n::text) placing '7' from 13) placing '8' from 17)::uuid`;

/** The n-th user. @returns The id that the database makes. */
export async function userId(pool: pg.Pool, n: number): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT overlay(overlay(md5($1::text) placing '7' from 13) placing '8' from 17)::uuid::text AS id`,
    [n],
  );
  return rows[0]?.id ?? '';
}

/** Fills the tables of notification and wiki. @param adminUrl The superuser's URL of the database. */
export async function seedTables(adminUrl: string, size: TableSize): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(madeId);
    await client.query(`SET maintenance_work_mem = '1GB'; SET synchronous_commit = off`);
    // Without triggers and foreign keys: what they would write is written below.
    await client.query('SET session_replication_role = replica');
    await client.query('SET search_path = notification, extensions');
    await withoutIndexes(client, 'notification', ['notifications'], () =>
      seedNotifications(client, size.notifications),
    );
    await client.query('SET search_path = wiki, extensions');
    await withoutIndexes(client, 'wiki', ['pages', 'index_entries'], () => seedPages(client, size.pages));
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}

/** One percent was read long ago, which the retention deletes. */
async function seedNotifications(client: pg.Client, count: number): Promise<void> {
  await client.query(
    `INSERT INTO notifications (id, user_id, sender, key, fingerprint, topic, title, body, link, created_at, read_at)
     SELECT uuidv7(), pg_temp.made_id(n % $2::bigint), 'wiki', 'key-' || n, '', 'page', 'Page ' || n, $3, '/pages/page-' || n,
       now() - n * interval '1 s',
       CASE WHEN n / $2::bigint % 20 = 0 THEN NULL WHEN n % 100 = 51 THEN now() - interval '200 days' - n * interval '1 s'
         ELSE now() - interval '1 day' END
     FROM generate_series(1, $1::bigint) n`,
    [count, count / notificationsOfUser, sentence],
  );
}

/**
 * Pages at the top, four below each of them, and the rest below those; one in twenty in the recycle bin. Each has a term
 * of every page, and five of twenty thousand.
 */
async function seedPages(client: pg.Client, count: number): Promise<void> {
  await client.query(
    `INSERT INTO pages (id, slug, title, body, plain, parent_id, author_id, updated_at, deleted_at, indexed_revision)
     SELECT pg_temp.made_id(n), 'page-' || n, 'Page ' || n || ' of ' || md5(n::text), text, text,
       CASE WHEN n <= $2 THEN NULL WHEN n <= $3 THEN pg_temp.made_id(1 + n % $2)
       ELSE pg_temp.made_id(1 + $2 + n % ($3 - $2)) END,
       pg_temp.made_id(n % 1000), now() - n * interval '1 s',
       CASE WHEN n > $3 AND n % 20 = 7 THEN now() END, 1
     FROM (
       SELECT n, repeat($4, 2) || 'word' || n % 20000 || CASE WHEN n <= $3 AND n % 5 = 0 THEN ' ' || $5 ELSE '' END AS text
       FROM generate_series(1, $1::bigint) n
     ) AS made`,
    [count, topPages, upperPages, sentence, rareWord],
  );
  await client.query(`UPDATE pages SET words = search_vector`);
  await client.query(
    `INSERT INTO index_entries (page_id, term, kind, weight)
     SELECT p.id, term, 'body', 1 + abs(hashtext(p.slug)) % 100 / 10.0 FROM pages p, LATERAL (
       SELECT 'all' AS term
       UNION
       SELECT 'term' || abs(hashtext(p.slug || n)) % 20000 FROM generate_series(1, 5) n
     ) AS terms`,
  );
  await client.query(
    `INSERT INTO page_terms (page_id, terms)
     SELECT e.page_id, array_agg(DISTINCT e.term ORDER BY e.term)
     FROM index_entries e JOIN pages p ON p.id = e.page_id WHERE p.deleted_at IS NULL GROUP BY e.page_id`,
  );
  await client.query(
    `INSERT INTO index_terms (term, pages) SELECT term, count(*) FROM page_terms, unnest(terms) AS term GROUP BY term`,
  );
}

/** Indexes of what is already there are made in a fraction of the time. Those of constraints stay. */
async function withoutIndexes(
  client: pg.Client,
  schema: string,
  tables: readonly string[],
  work: () => Promise<void>,
): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT c.relname AS name, pg_get_indexdef(c.oid) AS definition
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE c.relnamespace = $1::regnamespace AND i.indrelid::regclass::text = ANY ($2)
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid)`,
    [schema, tables],
  );
  for (const { name } of rows) await client.query(`DROP INDEX "${name}"`);
  await work();
  for (const { definition } of rows) await client.query(definition);
}
