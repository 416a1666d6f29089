import { Prisma } from '@arcadium/prisma/wiki';
import { summaryColumns, type SummaryRow } from './pages.ts';
import type { Database } from './transaction.ts';
import type { Walked } from './walk.ts';

/** A broken link and the page that contains it. */
export type BrokenLinkRow = { pageId: string; slug: string; position: number; target: string; text: string };

/** Most pages, and most links, that one call examines. */
const mostPages = 500;
const mostLinks = 2000;

/** Most former addresses of a page that are searched for links to it. */
const mostMoves = 50;

/** The id of the live page at an address, or of the page that moved away from it; null if there is neither. */
function pageAt(address: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`coalesce(
    (SELECT at.id FROM pages at WHERE at.slug = ${address} AND at.deleted_at IS NULL LIMIT 1),
    (SELECT at.id FROM page_moves m JOIN pages at ON at.id = m.page_id
     WHERE m.slug = ${address} AND at.deleted_at IS NULL LIMIT 1)
  )`;
}

/**
 * The forms of links to a page, `target` and `markdown`: with its address, or with a former address that no
 * other page has now; and with `.md` appended, or before it was removed, as stored in `page_links`.
 */
function waysTo(id: Prisma.Sql, slug: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    SELECT way.target, way.markdown
    FROM (
      SELECT ${slug} AS address
      UNION ALL
      (SELECT m.slug FROM page_moves m
       WHERE m.page_id = ${id} AND (SELECT 1 FROM pages o WHERE o.slug = m.slug AND o.deleted_at IS NULL LIMIT 1) IS NULL
       LIMIT ${mostMoves}::int)
    ) AS own, LATERAL (
      SELECT own.address, false
      UNION ALL
      SELECT own.address, true WHERE coalesce(${pageAt(Prisma.sql`own.address || '.md'`)}, ${id}) IS NOT DISTINCT FROM ${id}
      UNION ALL
      SELECT left(own.address, -3), true WHERE own.address LIKE '%.md'
    ) AS way (target, markdown)`;
}

/** Pages that link to an address, or to the page at it in another form, oldest first, starting after one of them. */
export async function listBacklinks(
  database: Database,
  { slug, after, limit }: { slug: string; after: string | undefined; limit: number },
): Promise<Walked<SummaryRow, string>> {
  const ways = await database.$queryRaw<{ target: string; markdown: boolean }[]>`
    SELECT DISTINCT way.* FROM (SELECT ${pageAt(Prisma.sql`${slug}::text`)} AS id OFFSET 0) AS there
    LEFT JOIN pages p ON p.id = there.id,
    LATERAL (${waysTo(Prisma.sql`p.id`, Prisma.sql`coalesce(p.slug, ${slug}::text)`)}) AS way`;
  const targets = ways.map(({ target }) => target);
  const markdown = ways.map((way) => way.markdown);
  const next = (from: Prisma.Sql) => Prisma.sql`
    SELECT linked.page_id
    FROM unnest(${targets}::text[], ${markdown}::boolean[]) AS way (target, markdown), LATERAL (
      SELECT l.page_id FROM page_links l
      WHERE l.target = way.target AND l.markdown = way.markdown ${from} ORDER BY l.page_id LIMIT 1
    ) AS linked
    ORDER BY linked.page_id LIMIT 1`;
  // Page by page, because one page may have a thousand such links.
  const linking = await database.$queryRaw<{ id: string }[]>`
    WITH RECURSIVE linking AS (
      SELECT (${next(after === undefined ? Prisma.empty : Prisma.sql`AND l.page_id > ${after}::uuid`)}) AS id, 1 AS n
      UNION ALL
      SELECT (${next(Prisma.sql`AND l.page_id > linking.id`)}), n + 1
      FROM linking WHERE linking.id IS NOT NULL AND n < ${mostPages}::int
    )
    SELECT id::text FROM linking WHERE id IS NOT NULL ORDER BY n`;
  const ids = linking.map(({ id }) => id);
  const rows = await database.$queryRaw<SummaryRow[]>`
    SELECT ${summaryColumns} FROM pages p
    WHERE p.id = ANY (${ids}::uuid[]) AND p.deleted_at IS NULL
    ORDER BY p.id LIMIT ${limit + 1}`;
  return { rows, until: ids.length === mostPages ? ids.at(-1) : undefined };
}

/** The position of a link. */
type LinkPlace = { pageId: string; position: number };

/** Links to an address without a page, or with one in the recycle bin, page by page in the order of the text. */
export async function listBrokenLinks(
  database: Database,
  { pageId, after, limit }: { pageId: string | undefined; after: LinkPlace | undefined; limit: number },
): Promise<Walked<BrokenLinkRow, LinkPlace>> {
  const ofPage = pageId === undefined ? Prisma.empty : Prisma.sql`AND l.page_id = ${pageId}::uuid`;
  const beyond = after
    ? Prisma.sql`AND (l.page_id, l.position) > (${after.pageId}::uuid, ${after.position}::int)`
    : Prisma.empty;
  const [until] = await database.$queryRaw<LinkPlace[]>`
    SELECT l.page_id AS "pageId", l.position FROM page_links l WHERE true ${ofPage} ${beyond}
    ORDER BY l.page_id, l.position OFFSET ${mostLinks - 1} LIMIT 1`;
  const within = until
    ? Prisma.sql`AND (l.page_id, l.position) <= (${until.pageId}::uuid, ${until.position}::int)`
    : Prisma.empty;
  const rows = await database.$queryRaw<BrokenLinkRow[]>`
    SELECT l.page_id AS "pageId", p.slug, l.position, l.target, l.text
    FROM (
      SELECT * FROM page_links l WHERE true ${ofPage} ${beyond} ${within}
      ORDER BY l.page_id, l.position LIMIT ${mostLinks}
    ) AS l,
    -- Looked up for each link (\`OFFSET 0\`): a join would read all pages for the few links of a call.
    LATERAL (SELECT slug FROM pages WHERE id = l.page_id AND deleted_at IS NULL OFFSET 0) AS p
    WHERE ${pageAt(Prisma.sql`l.target`)} IS NULL
      AND (NOT l.markdown OR ${pageAt(Prisma.sql`l.target || '.md'`)} IS NULL)
    ORDER BY l.page_id, l.position LIMIT ${limit + 1}`;
  return { rows, until };
}

/** Pages that no other page links to, oldest first, starting after one of them. */
export async function listOrphans(
  database: Database,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<Walked<SummaryRow, string>> {
  const beyond = after === undefined ? Prisma.empty : Prisma.sql`AND p.id > ${after}::uuid`;
  const [last] = await database.$queryRaw<{ id: string }[]>`
    SELECT p.id::text FROM pages p WHERE true ${beyond} ORDER BY p.id OFFSET ${mostPages - 1} LIMIT 1`;
  const within = last ? Prisma.sql`AND p.id <= ${last.id}::uuid` : Prisma.empty;
  const rows = await database.$queryRaw<SummaryRow[]>`
    SELECT ${summaryColumns} FROM pages p
    WHERE p.deleted_at IS NULL ${beyond} ${within}
      -- Looked up for each page, its links first (\`OFFSET 0\`): a join would read all links, or all pages for each.
      AND (
        SELECT 1 FROM (${waysTo(Prisma.sql`p.id`, Prisma.sql`p.slug`)}) AS way, LATERAL (
          SELECT l.page_id FROM page_links l
          WHERE l.target = way.target AND l.markdown = way.markdown AND l.page_id <> p.id OFFSET 0
        ) AS l
        WHERE (SELECT s.deleted_at IS NULL FROM pages s WHERE s.id = l.page_id) LIMIT 1
      ) IS NULL
    ORDER BY p.id LIMIT ${limit + 1}`;
  return { rows, until: last?.id };
}
