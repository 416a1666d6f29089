import { Prisma } from '@arcadium/prisma/wiki';
import { termKinds, type TermKind } from '../domain/index-terms.ts';
import type { Database } from './transaction.ts';
import type { Walked } from './walk.ts';

export type TermRow = { term: string; pages: number };

export type TermPlaceRow = {
  pageId: string;
  slug: string;
  title: string;
  kind: TermKind;
  anchor: string | null;
  weight: number;
};

/** The order within one term's places; the database sorts kinds as text. */
export type TermPlace = Readonly<{ weight: number; pageId: string; kind: TermKind }>;

/** Most terms that one call looks at. */
const mostTerms = 500;

/** Most pages of a term that are counted, as the contract says, and most that are looked at for that: some may be in the bin. */
const mostCounted = 1000;
const mostPages = 2000;

/** Terms in alphabetical order with the number of pages each is on, from after one of them. */
export async function listTerms(
  database: Database,
  { prefix, after, limit }: { prefix: string; after: string; limit: number },
): Promise<Walked<TermRow, string>> {
  // From term to term: one may be on every page.
  const found = await database.$queryRaw<{ term: string }[]>`
    WITH RECURSIVE walk AS (
      SELECT (SELECT min(e.term) FROM index_entries e WHERE e.term ^@ ${prefix} AND e.term > ${after}) AS term, 1 AS n
      UNION ALL
      SELECT (SELECT min(e.term) FROM index_entries e WHERE e.term ^@ ${prefix} AND e.term > walk.term), n + 1
      FROM walk WHERE walk.term IS NOT NULL AND n < ${mostTerms}::int
    )
    SELECT term FROM walk WHERE term IS NOT NULL ORDER BY n`;
  const terms = found.map(({ term }) => term);
  // In the order of the terms, so that those that are not answered are not counted; each page by its key, so that no
  // more pages are read than are counted.
  const rows = await database.$queryRaw<TermRow[]>`
    SELECT walked.term, counted.pages
    FROM unnest(${terms}::text[]) WITH ORDINALITY AS walked (term, n), LATERAL (
      SELECT count(*)::int AS pages
      FROM (
        SELECT FROM (
          SELECT DISTINCT page_id FROM (
            SELECT e.page_id FROM index_entries e WHERE e.term = walked.term LIMIT ${mostPages * termKinds.length}::int
          ) AS entries
        ) AS on_page
        WHERE (SELECT p.deleted_at IS NULL FROM pages p WHERE p.id = on_page.page_id) LIMIT ${mostCounted}::int
      ) AS live
    ) AS counted
    WHERE counted.pages > 0 ORDER BY walked.n LIMIT ${limit + 1}`;
  return { rows, until: terms.length === mostTerms ? terms.at(-1) : undefined };
}

/** Where a term stands, heaviest first; one more than `limit`. */
export function listTermPlaces(
  database: Database,
  { term, after, limit }: { term: string; after: TermPlace | undefined; limit: number },
): Promise<TermPlaceRow[]> {
  const onwards = after
    ? Prisma.sql`AND (-e.weight, e.page_id, e.kind) > (${-after.weight}::float8, ${after.pageId}::uuid, ${after.kind})`
    : Prisma.empty;
  return database.$queryRaw<TermPlaceRow[]>`
    SELECT e.page_id AS "pageId", p.slug, p.title, e.kind, e.anchor, e.weight
    FROM index_entries e JOIN pages p ON p.id = e.page_id
    WHERE e.term = ${term} AND p.deleted_at IS NULL ${onwards}
    ORDER BY -e.weight, e.page_id, e.kind LIMIT ${limit + 1}`;
}
