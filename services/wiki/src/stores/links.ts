import { Prisma } from '@arcadium/prisma/wiki';
import { summaryColumns, type SummaryRow } from './pages.ts';
import type { Database } from './transaction.ts';

/** A link that leads to no page, and the page that it stands on. */
export type BrokenLinkRow = { pageId: string; slug: string; position: number; target: string; text: string };

/** Pages that link to an address, oldest first, from after one of them; one more than `limit`. */
export function listBacklinks(
  database: Database,
  { slug, after, limit }: { slug: string; after: string | undefined; limit: number },
): Promise<SummaryRow[]> {
  return database.$queryRaw<SummaryRow[]>`
    SELECT ${summaryColumns} FROM pages p
    WHERE p.deleted_at IS NULL ${onwards(after)}
      AND p.id IN (SELECT l.page_id FROM page_links l WHERE l.target = ${slug})
    ORDER BY p.id LIMIT ${limit + 1}`;
}

/** Links whose address has no page, or one in the recycle bin, page by page from the top; one more than `limit`. */
export function listBrokenLinks(
  database: Database,
  options: {
    pageId: string | undefined;
    after: { pageId: string; position: number } | undefined;
    limit: number;
  },
): Promise<BrokenLinkRow[]> {
  const { pageId, after, limit } = options;
  const ofPage = pageId === undefined ? Prisma.empty : Prisma.sql`AND l.page_id = ${pageId}::uuid`;
  const further = after
    ? Prisma.sql`AND (l.page_id, l.position) > (${after.pageId}::uuid, ${after.position}::int)`
    : Prisma.empty;
  return database.$queryRaw<BrokenLinkRow[]>`
    SELECT l.page_id AS "pageId", p.slug, l.position, l.target, l.text
    FROM page_links l JOIN pages p ON p.id = l.page_id
    WHERE p.deleted_at IS NULL ${ofPage} ${further}
      AND NOT EXISTS (SELECT FROM pages t WHERE t.slug = l.target AND t.deleted_at IS NULL)
    ORDER BY l.page_id, l.position LIMIT ${limit + 1}`;
}

/** Pages that no other page links to, oldest first, from after one of them; one more than `limit`. */
export function listOrphans(
  database: Database,
  { after, limit }: { after: string | undefined; limit: number },
): Promise<SummaryRow[]> {
  return database.$queryRaw<SummaryRow[]>`
    SELECT ${summaryColumns} FROM pages p
    WHERE p.deleted_at IS NULL ${onwards(after)}
      AND NOT EXISTS (
        SELECT FROM page_links l JOIN pages s ON s.id = l.page_id
        WHERE l.target = p.slug AND l.page_id <> p.id AND s.deleted_at IS NULL
      )
    ORDER BY p.id LIMIT ${limit + 1}`;
}

function onwards(after: string | undefined): Prisma.Sql {
  return after === undefined ? Prisma.empty : Prisma.sql`AND p.id > ${after}::uuid`;
}
