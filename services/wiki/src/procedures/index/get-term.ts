import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { termKinds } from '../../domain/index-terms.ts';
import { normaliseTerm } from '../../domain/words.ts';
import { listTermPlaces } from '../../stores/terms.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

const cursor = cursorOf(z.tuple([z.number(), z.uuid().lowercase(), z.enum(termKinds)]));

export function getTerm({ database }: WikiDeps): WikiHandler<'index.get'> {
  return async ({ input: { limit, ...input } }) => {
    const place = cursor.decode(input.cursor);
    const after = place && { weight: place[0], pageId: place[1], kind: place[2] };
    const rows = await listTermPlaces(database, { term: normaliseTerm(input.term), after, limit });
    return pageOf(rows, limit, {
      item: (row) => row,
      cursor: ({ weight, pageId, kind }) => cursor.encode([weight, pageId, kind]),
    });
  };
}
