import { MeshError } from '@arcadium/mesh/wire';
import { z } from 'zod';
import { cursorOf, moment, pageOf } from '../../domain/cursor.ts';
import { presentSummary } from '../../presenters/page.ts';
import { listBin, listPages as findPages } from '../../stores/pages.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

const cursor = cursorOf(z.tuple([moment, z.uuid()]));

export function listPages({ database }: WikiDeps): WikiHandler<'pages.list'> {
  return async ({ input, caller }) => {
    const { authorId, deleted, limit } = input;
    if (deleted && !caller.user) {
      throw new MeshError('UNAUTHORIZED', 'The recycle bin is for those who have logged in');
    }
    const place = cursor.decode(input.cursor);
    const after = place && { at: new Date(place[0]), id: place[1] };
    const rows = await (deleted ? listBin : findPages)(database, { authorId, after, limit });
    return pageOf(rows, limit, {
      item: presentSummary,
      cursor: (row) => cursor.encode([((deleted && row.deletedAt) || row.updatedAt).getTime(), row.id]),
    });
  };
}
