import { Prisma } from '@arcadium/prisma/wiki';
import type { SearchWords } from '../domain/search-vector.ts';
import type { Stems } from '../domain/search-question.ts';
import { summaryColumns, type SummaryRow } from './pages.ts';
import type { Database, Transaction } from './transaction.ts';

/** A page that was found, and the part of its text to quote from. */
export type FoundRow = SummaryRow & { rank: number; passage: string };

export type SuggestionRow = Pick<SummaryRow, 'id' | 'slug' | 'title'>;

/** Of more pages than this that match, those changed last are ranked: a rank takes a look at all words of a page. */
const mostRanked = 500;

/** Where in a page the passage to quote is looked for, and how much of the page is quoted from, in characters. */
const soughtIn = 50_000;
const quotedFrom = 1000;
/** How much of that stands before the first word found, in characters. */
const before = 200;

/** The stems of words as search reads them, without those that say nothing. */
export async function findStems(database: Database, words: readonly string[]): Promise<Stems> {
  if (words.length === 0) return new Map();
  const rows = await database.$queryRaw<{ word: string; stem: string }[]>`
    SELECT word, stem
    FROM unnest(${words}::text[]) AS word, unnest(ts_lexize('pg_catalog.english_stem', word)) AS stem`;
  return new Map(rows.map(({ word, stem }) => [word, stem]));
}

/** Stores what search reads of a page at one revision; does nothing where the page has another one. */
export async function storeSearchWords(
  transaction: Transaction,
  { id, revision }: { id: string; revision: number },
  { words, places }: SearchWords,
): Promise<void> {
  await transaction.$executeRaw`
    UPDATE pages SET indexed_revision = revision, words = (
      SELECT coalesce(string_agg('''' || stem || ''':' || place, ' '), '')::tsvector
      FROM unnest(string_to_array(${words}, ' '), string_to_array(${places}, ' ')) AS found (word, place),
        unnest(ts_lexize('pg_catalog.english_stem', word)) AS stem
    )
    WHERE id = ${id}::uuid AND revision = ${revision}::int`;
}

/**
 * Pages by words, best first; one more than `limit`.
 *
 * @param query A `tsquery`.
 * @param pattern For what the part to quote from is found by.
 */
export function searchPages(
  database: Database,
  {
    query,
    pattern,
    after,
    limit,
  }: {
    query: string;
    pattern: string | undefined;
    after: { rank: number; id: string } | undefined;
    limit: number;
  },
): Promise<FoundRow[]> {
  const onwards = after
    ? Prisma.sql`WHERE (rank, id) < (${String(after.rank)}::float4, ${after.id}::uuid)`
    : Prisma.empty;
  // Each step is materialised, so that only what is left is ranked, and only what is answered is quoted. A page that
  // was not indexed yet by this version is found by what the one before made of it.
  return database.$queryRaw<FoundRow[]>`
    WITH question AS MATERIALIZED (SELECT ${query}::tsquery AS words),
    found AS MATERIALIZED (
      SELECT p.id, p.updated_at FROM pages p, question
      WHERE p.deleted_at IS NULL
        AND (p.words @@ question.words OR (p.words IS NULL AND p.search_vector @@ question.words))
    ),
    ranked AS MATERIALIZED (
      SELECT p.id, ts_rank(coalesce(p.words, p.search_vector), question.words) AS rank
      FROM (SELECT id FROM found ORDER BY updated_at DESC, id LIMIT ${mostRanked}) AS newest
      JOIN pages p USING (id), question
    ),
    best AS MATERIALIZED (SELECT * FROM ranked ${onwards} ORDER BY rank DESC, id DESC LIMIT ${limit + 1})
    SELECT ${summaryColumns}, best.rank, passage.text AS passage
    FROM best JOIN pages p USING (id), LATERAL (${passage(pattern)}) AS passage
    ORDER BY best.rank DESC, p.id DESC`;
}

/**
 * The part of the page `p` around the first of the words; its beginning, where that is not found. A match says what was
 * found, not where: `regexp_instr` would, but looks for all matches first. `OFFSET 0`: so that the page is read once.
 */
function passage(pattern: string | undefined): Prisma.Sql {
  return Prisma.sql`
    SELECT CASE WHEN start > 1 THEN regexp_replace(text, '^\\S{0,40}\\s', '') ELSE text END AS text
    FROM (
      SELECT start, substr(head, start, ${quotedFrom}::int) AS text
      FROM (
        SELECT head, greatest(1, strpos(head, (regexp_match(head, ${pattern ?? null}::text))[1]) - ${before}::int) AS start
        FROM (SELECT substr(p.plain, 1, ${soughtIn}::int) AS head OFFSET 0) AS page
        OFFSET 0
      ) AS place
    ) AS cut`;
}

/** How much of what was typed must be in a title, from 0 to 1: PostgreSQL's own 0.6 forgives no two letters swapped. */
const similarity = '0.3';

/** Most titles that are compared, of those that begin with what was typed and of those near it: one letter is in nearly all. */
const mostCompared = 500;

/** Titles that hold what was typed, and then those that come near it. */
export async function suggestPages(
  database: Database,
  { text, limit }: { text: string; limit: number },
): Promise<SuggestionRow[]> {
  const literal = text.replace(/[\\%_]/g, '\\$&');
  const [, rows] = await database.$transaction([
    database.$executeRaw`SELECT set_config('pg_trgm.word_similarity_threshold', ${similarity}, true)`,
    database.$queryRaw<SuggestionRow[]>`
      SELECT id, slug, title FROM (
        (SELECT id, slug, title FROM pages
         WHERE deleted_at IS NULL AND title ILIKE ${`${literal}%`} LIMIT ${mostCompared}::int)
        UNION
        (SELECT id, slug, title FROM pages
         WHERE deleted_at IS NULL AND (title ILIKE ${`%${literal}%`} OR ${text} <% title) LIMIT ${mostCompared}::int)
      ) AS near
      ORDER BY title ILIKE ${`${literal}%`} DESC, title ILIKE ${`%${literal}%`} DESC,
        word_similarity(${text}, title) DESC, title, id
      LIMIT ${limit}::int`,
  ]);
  return rows;
}
