import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { normaliseTerm } from '../../domain/words.ts';
import { listTerms as findTerms } from '../../stores/terms.ts';
import { walkedPage } from '../../stores/walk.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

const cursor = cursorOf(
  z
    .string()
    .max(200)
    .regex(/^\P{Cc}*$/u),
);

export function listTerms({ database }: WikiDeps): WikiHandler<'index.list'> {
  return async ({ input: { limit, ...input } }) => {
    const prefix = normaliseTerm(input.prefix ?? '');
    const { rows, until } = await findTerms(database, {
      prefix,
      after: cursor.decode(input.cursor) ?? '',
      limit,
    });
    const page = pageOf(rows, limit, { item: (row) => row, cursor: (row) => cursor.encode(row.term) });
    return walkedPage(page, until && cursor.encode(until));
  };
}
