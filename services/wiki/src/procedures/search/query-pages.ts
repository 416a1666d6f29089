import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { toExcerpt } from '../../domain/excerpt.ts';
import { passagePattern } from '../../domain/passage-pattern.ts';
import { readQuestion, soughtIn, toTsquery, wordsIn } from '../../domain/search-question.ts';
import { foundIn, formsIn } from '../../domain/found-words.ts';
import { presentSummary } from '../../presenters/page.ts';
import { findStems, searchPages } from '../../stores/search.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

/**
 * A rank is a small number of PostgreSQL's type `real`; a forged value outside of it would cause an error
 * there.
 */
const rank = z
  .number()
  .min(0)
  .max(1e6)
  .refine((value) => value === 0 || Math.fround(value) !== 0);
const cursor = cursorOf(z.tuple([rank, z.uuid().lowercase()]));

export function queryPages({ database }: WikiDeps): WikiHandler<'search.query'> {
  return async ({ input: { text, limit, ...input } }) => {
    const place = cursor.decode(input.cursor);
    const after = place && { rank: place[0], id: place[1] };
    const question = readQuestion(text);
    const stems = await findStems(
      database,
      wordsIn(question).map(({ word }) => word),
    );
    const query = toTsquery(question, stems);
    if (query === undefined) return { items: [], nextCursor: null };
    const sought = soughtIn(question);
    const rows = await searchPages(database, { query, pattern: passagePattern(sought, stems), after, limit });
    const forms = formsIn(
      rows.map(({ passage }) => passage),
      sought,
      stems,
    );
    const found = foundIn(sought, stems, await findStems(database, forms));
    return pageOf(rows, limit, {
      item: (row) => ({ page: presentSummary(row), excerpt: toExcerpt(row.passage, found), rank: row.rank }),
      cursor: (row) => cursor.encode([row.rank, row.id]),
    });
  };
}
