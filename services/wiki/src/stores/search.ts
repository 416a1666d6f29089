import { run, Statement, type RowOf } from '@arcadium/postgres/statement';
import { Prisma } from '@arcadium/prisma/wiki';
import type { SearchWords } from '../domain/search-vector.ts';
import type { Stems } from '../domain/search-question.ts';
import { summaryColumns, summaryTypes, type SummaryRow } from './pages.ts';
import type { Database, Transaction } from './transaction.ts';

export type SuggestionRow = Pick<SummaryRow, 'id' | 'slug' | 'title'>;

/** If more pages match, only the most recently changed are ranked, because ranking reads all words of a page. */
const mostRanked = 500;

/** How far into a page the passage to quote is searched, and the length of the text to quote from, in characters. */
const soughtIn = 50_000;
const quotedFrom = 1000;
/** How much of that text precedes the first match, in characters. */
const before = 200;

const stemsOf = new Statement({
  name: 'wiki.stems',
  parameters: ['text[]'],
  columns: { word: 'text', stem: 'text' },
  text: `
    SELECT word, stem
    FROM unnest($1::text[]) AS word, unnest(ts_lexize('pg_catalog.english_stem', word)) AS stem`,
});

/** The stems of words for search, without stop words. */
export async function findStems(database: Database, words: readonly string[]): Promise<Stems> {
  if (words.length === 0) return new Map();
  const rows = await run(database, stemsOf, [words]);
  return new Map(rows.map(({ word, stem }) => [word, stem]));
}

/** Stores the search data of one revision of a page; does nothing if the page has another revision. */
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
 * The part of the page `p` around the first match of the pattern `$2`, or its beginning without a match. The
 * position is derived from the matched text, because `regexp_instr` searches for all matches first. `OFFSET
 * 0` makes PostgreSQL read the page once.
 */
const passage = `
  SELECT CASE WHEN start > 1 THEN regexp_replace(text, '^\\S{0,40}\\s', '') ELSE text END AS text
  FROM (
    SELECT start, substr(head, start, ${quotedFrom}) AS text
    FROM (
      SELECT head, greatest(1, strpos(head, (regexp_match(head, $2::text))[1]) - ${before}) AS start
      FROM (SELECT substr(p.plain, 1, ${soughtIn}) AS head OFFSET 0) AS page
      OFFSET 0
    ) AS place
  ) AS cut`;

/** The most recently changed pages that match. */
const newest = (matches: string): string => `
  (SELECT p.id, p.updated_at FROM pages p WHERE p.deleted_at IS NULL AND ${matches}
   ORDER BY p.updated_at DESC, p.id DESC LIMIT ${mostRanked})`;

// Each step is materialised, so that only remaining pages are ranked and only returned ones quoted. A page
// not yet indexed by this version is found by the words of the version before. Planned for the words: those of
// few pages are looked up, those of many are soon met among the newest pages.
const foundPages = new Statement({
  name: 'wiki.search',
  plannedForValues: true,
  parameters: ['text', 'text?', 'float4?', 'uuid?', 'int4'],
  columns: { ...summaryTypes, rank: 'float4', passage: 'text' },
  text: `
    WITH found AS MATERIALIZED (
      ${newest('p.words @@ $1::text::tsquery')}
      UNION ALL
      ${newest('p.words IS NULL AND p.search_vector @@ $1::text::tsquery')}
    ),
    ranked AS MATERIALIZED (
      SELECT p.id, ts_rank(coalesce(p.words, p.search_vector), $1::text::tsquery) AS rank
      FROM (SELECT id FROM found ORDER BY updated_at DESC, id DESC LIMIT ${mostRanked}) AS newest,
        -- Looked up for each page (\`OFFSET 0\`): a join may read all pages.
        LATERAL (SELECT id, words, search_vector FROM pages WHERE id = newest.id OFFSET 0) AS p
    ),
    best AS MATERIALIZED (
      SELECT * FROM ranked WHERE $3::float4 IS NULL OR (rank, id) < ($3, $4::uuid)
      ORDER BY rank DESC, id DESC LIMIT $5::int
    )
    SELECT ${summaryColumns.sql}, best.rank, passage.text AS passage
    FROM best JOIN pages p USING (id), LATERAL (${passage}) AS passage
    ORDER BY best.rank DESC, p.id DESC`,
});

/** A found page, and the part of its text to quote from. */
export type FoundRow = RowOf<typeof foundPages>;

/**
 * Pages that match, best first; one more than `limit`.
 *
 * @param search.query A `tsquery`.
 * @param search.pattern Finds the part to quote from.
 */
export function searchPages(
  database: Database,
  search: {
    query: string;
    pattern: string | undefined;
    after: { rank: number; id: string } | undefined;
    limit: number;
  },
): Promise<FoundRow[]> {
  const { query, pattern, after, limit } = search;
  return run(database, foundPages, [
    query,
    pattern ?? null,
    after?.rank ?? null,
    after?.id ?? null,
    limit + 1,
  ]);
}

/**
 * Lowest word similarity of the input to a title, 0 to 1. PostgreSQL's default of 0.6 does not tolerate two
 * swapped letters.
 */
const similarity = '0.3';

/**
 * Most titles compared, both of those that begin with the input and of similar ones: a single letter matches
 * nearly all.
 */
const mostCompared = 500;

/** Shorter inputs have no trigram inside a word, so the index of titles does not find them there. */
const shortestIndexed = 3;

/** Most titles, of the most recently changed pages, that are searched for a short input. */
const mostSearched = 5000;

/** Titles that contain the input, followed by similar ones. A short input that is not at the beginning is found in recently changed pages only. */
export async function suggestPages(
  database: Database,
  { text, limit }: { text: string; limit: number },
): Promise<SuggestionRow[]> {
  const literal = text.replace(/[\\%_]/g, '\\$&');
  const containing =
    text.length < shortestIndexed
      ? Prisma.sql`
        (SELECT id, slug, title FROM (
           SELECT id, slug, title FROM pages WHERE deleted_at IS NULL
           ORDER BY updated_at DESC, id DESC LIMIT ${mostSearched}::int
         ) AS recent
         WHERE title ILIKE ${`%${literal}%`} LIMIT ${mostCompared}::int)`
      : Prisma.sql`
        (SELECT id, slug, title FROM pages
         WHERE deleted_at IS NULL AND (title ILIKE ${`%${literal}%`} OR ${text} <% title) LIMIT ${mostCompared}::int)`;
  const [, rows] = await database.$transaction([
    database.$executeRaw`SELECT set_config('pg_trgm.word_similarity_threshold', ${similarity}, true)`,
    database.$queryRaw<SuggestionRow[]>`
      SELECT id, slug, title FROM (
        (SELECT id, slug, title FROM pages
         WHERE deleted_at IS NULL AND title ILIKE ${`${literal}%`} LIMIT ${mostCompared}::int)
        UNION ${containing}
      ) AS near
      ORDER BY title ILIKE ${`${literal}%`} DESC, title ILIKE ${`%${literal}%`} DESC,
        word_similarity(${text}, title) DESC, title, id
      LIMIT ${limit}::int`,
  ]);
  return rows;
}
