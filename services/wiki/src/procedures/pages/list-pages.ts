import { pageOf, timeCursor } from '@arcadium/mesh/server';
import { MeshError } from '@arcadium/mesh/contract';
import { presentSummary } from '../../presenters/page.ts';
import { listBin, listPages as findPages } from '../../stores/pages.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function listPages({ database }: WikiDeps): WikiHandler<'pages.list'> {
  return async ({ input, caller }) => {
    const { authorId, deleted, limit } = input;
    if (deleted && !caller.user) {
      throw new MeshError('UNAUTHORIZED', 'Log in to see the recycle bin');
    }
    const after = timeCursor.decode(input.cursor);
    const rows = await (deleted ? listBin : findPages)(database, { authorId, after, limit });
    return pageOf(rows, limit, {
      item: presentSummary,
      cursor: (row) => timeCursor.encode({ at: (deleted && row.deletedAt) || row.updatedAt, id: row.id }),
    });
  };
}
