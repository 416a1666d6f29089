import { run, Statement, type RowOf } from '@arcadium/postgres/statement';
import { Prisma } from '@arcadium/prisma/wiki';
import type { TermKind } from '../domain/index-terms.ts';
import type { Database } from './transaction.ts';

export type TermPlaceRow = {
  pageId: string;
  slug: string;
  title: string;
  kind: TermKind;
  anchor: string | null;
  weight: number;
};

/** The sort order within a term; the database sorts kinds as text. */
export type TermPlace = Readonly<{ weight: number; pageId: string; kind: TermKind }>;

/** Most pages of a term in an answer, as in the contract. */
const mostPages = 1000;

// A prefix is the start of a range of the index; the prefix followed by the highest character is its end.
const termsFrom = new Statement({
  name: 'wiki.terms',
  parameters: ['text', 'text', 'int4'],
  columns: { term: 'text', pages: 'int4' },
  text: `
    SELECT term, least(pages, ${mostPages}) AS pages FROM index_terms
    WHERE term >= $1 AND term <= $1 || chr(1114111) AND term > $2 ORDER BY term LIMIT $3::int`,
});

export type TermRow = RowOf<typeof termsFrom>;

/** Terms in alphabetical order with their number of pages, starting after one of them; one more than `limit`. */
export function listTerms(
  database: Database,
  { prefix, after, limit }: { prefix: string; after: string; limit: number },
): Promise<TermRow[]> {
  return run(database, termsFrom, [prefix, after, limit + 1]);
}

/** The places of a term, by descending weight; one more than `limit`. */
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
