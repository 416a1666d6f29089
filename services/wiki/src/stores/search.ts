import { Prisma } from '@arcadium/prisma/wiki';
import { foundMark } from '../domain/excerpt.ts';
import { summaryColumns, type SummaryRow } from './pages.ts';
import type { Database } from './transaction.ts';

/** A page that was found; the headline has `foundMark`s in it and is not escaped. */
export type FoundRow = SummaryRow & { rank: number; headline: string };

export type SuggestionRow = Pick<SummaryRow, 'id' | 'slug' | 'title'>;

/** Of more pages than this that match, those changed last are ranked: a rank takes a look at all words of a page. */
const mostRanked = 500;

/**
 * Where in a page the passage to quote is looked for, and how much of the page is quoted from, in characters. To quote
 * takes time in proportion to the square of the text; to find the first of the words takes next to none.
 */
const soughtIn = 50_000;
const quotedFrom = 2000;
/** How much of that stands before the first word found, in characters. */
const before = 200;

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
  // Each step is materialised, so that only what is left is ranked, and only what is answered is quoted.
  return database.$queryRaw<FoundRow[]>`
    WITH question AS MATERIALIZED (
      SELECT websearch_to_tsquery('pg_catalog.english', ${text}) AS words, (
        SELECT '(?:^|\\W)(?:' || string_agg(${stemPattern}, '|') || ')'
        FROM unnest(tsvector_to_array(to_tsvector('pg_catalog.english', ${text}))) AS stem
      ) AS stems
    ),
    found AS MATERIALIZED (
      SELECT p.id, p.updated_at FROM pages p, question
      WHERE p.deleted_at IS NULL AND p.search_vector @@ question.words
    ),
    ranked AS MATERIALIZED (
      SELECT p.id, ts_rank(p.search_vector, question.words) AS rank
      FROM (SELECT id FROM found ORDER BY updated_at DESC, id LIMIT ${mostRanked}) AS newest
      JOIN pages p USING (id), question
    ),
    best AS MATERIALIZED (SELECT * FROM ranked ${onwards} ORDER BY rank DESC, id DESC LIMIT ${limit + 1})
    SELECT ${summaryColumns}, best.rank, ts_headline(
      'pg_catalog.english', translate(passage.text, ${marks}, ''), question.words, ${headlineOptions}
    ) AS headline
    FROM best JOIN pages p USING (id), question, LATERAL (${passage}) AS passage
    ORDER BY best.rank DESC, p.id DESC`;
}

/** A stem as the beginning of words, for a regular expression; "citi" is the stem of "city". */
const stemPattern = Prisma.sql`regexp_replace(regexp_replace(stem, '[^[:alnum:]]', '\\\\\\&', 'g'), 'i$', '[iy]')`;

/**
 * The part of the page `p` around the first of the words; its beginning, where that is not found. A match says what was
 * found, not where: `regexp_instr` would, but looks for all matches first. `OFFSET 0`: so that the page is read once.
 */
const passage = Prisma.sql`
  SELECT CASE WHEN start > 1 THEN regexp_replace(text, '^\\S{0,40}\\s', '') ELSE text END AS text
  FROM (
    SELECT start, substr(head, start, ${quotedFrom}::int) AS text
    FROM (
      SELECT head, greatest(1, strpos(head, (regexp_match(head, question.stems, 'i'))[1]) - ${before}::int) AS start
      FROM (SELECT substr(p.plain, 1, ${soughtIn}::int) AS head OFFSET 0) AS page
      OFFSET 0
    ) AS place
  ) AS cut`;

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
