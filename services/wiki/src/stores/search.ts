import { Prisma } from '@arcadium/prisma/wiki';
import { foundMark } from '../domain/excerpt.ts';
import { summaryColumns, type SummaryRow } from './pages.ts';
import type { Database } from './transaction.ts';

/** A page that was found; the headline has `foundMark`s in it and is not escaped. */
export type FoundRow = SummaryRow & { rank: number; headline: string };

export type SuggestionRow = Pick<SummaryRow, 'id' | 'slug' | 'title'>;

/** How much of a page is searched for the passage to quote, in characters: quoting costs more than finding. */
const quotedFrom = 50_000;

/** Passages of a few words, joined by an ellipsis. */
const headlineOptions = [
  `StartSel=${foundMark.start}`,
  `StopSel=${foundMark.stop}`,
  'MaxFragments=2',
  'MinWords=8',
  'MaxWords=24',
  'FragmentDelimiter=" … "',
].join(', ');

/**
 * Pages by words (`"a phrase"`, `or`, `-without` are understood), best first;
 * one more than `limit`.
 */
export function searchPages(
  database: Database,
  { text, after, limit }: { text: string; after: { rank: number; id: string } | undefined; limit: number },
): Promise<FoundRow[]> {
  const onwards = after
    ? Prisma.sql`WHERE (rank, id) < (${String(after.rank)}::float4, ${after.id}::uuid)`
    : Prisma.empty;
  const marks = foundMark.start + foundMark.stop;
  return database.$queryRaw<FoundRow[]>`
    WITH question AS (SELECT websearch_to_tsquery('pg_catalog.english', ${text}) AS words),
    found AS (
      SELECT p.id, ts_rank(p.search_vector, question.words) AS rank
      FROM pages p, question WHERE p.deleted_at IS NULL AND p.search_vector @@ question.words
    ),
    best AS (SELECT * FROM found ${onwards} ORDER BY rank DESC, id DESC LIMIT ${limit + 1})
    SELECT ${summaryColumns}, best.rank, ts_headline(
      'pg_catalog.english', translate(left(p.plain, ${quotedFrom}::int), ${marks}, ''), question.words, ${headlineOptions}
    ) AS headline
    FROM best JOIN pages p USING (id), question
    ORDER BY best.rank DESC, p.id DESC`;
}

/** How much of what was typed must be in a title, from 0 to 1: PostgreSQL's own 0.6 forgives no two letters swapped. */
const similarity = '0.3';

/** Titles that hold what was typed, and then those that come near it. */
export async function suggestPages(
  database: Database,
  { text, limit }: { text: string; limit: number },
): Promise<SuggestionRow[]> {
  const literal = text.replace(/[\\%_]/g, '\\$&');
  const [, rows] = await database.$transaction([
    database.$executeRaw`SELECT set_config('pg_trgm.word_similarity_threshold', ${similarity}, true)`,
    database.$queryRaw<SuggestionRow[]>`
      SELECT id, slug, title FROM pages
      WHERE deleted_at IS NULL AND (title ILIKE ${`%${literal}%`} OR ${text} <% title)
      ORDER BY title ILIKE ${`${literal}%`} DESC, title ILIKE ${`%${literal}%`} DESC,
        word_similarity(${text}, title) DESC, title, id
      LIMIT ${limit}::int`,
  ]);
  return rows;
}
