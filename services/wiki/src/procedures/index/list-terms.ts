import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { normaliseTerm } from '../../domain/words.ts';
import { listTerms as findTerms } from '../../stores/terms.ts';
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
    const after = cursor.decode(input.cursor) ?? '';
    const rows = await findTerms(database, { prefix, after, limit });
    return pageOf(rows, limit, { item: (row) => row, cursor: (row) => cursor.encode(row.term) });
  };
}
