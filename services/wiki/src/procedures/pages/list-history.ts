import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { z } from 'zod';
import { presentRevision } from '../../presenters/revision.ts';
import { pageExists } from '../../stores/pages.ts';
import { listRevisions } from '../../stores/revisions.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

const cursor = cursorOf(z.tuple([z.int32()]));

export function listHistory({ database }: WikiDeps): WikiHandler<'pages.history'> {
  return async ({ input, errors }) => {
    const { id: pageId, limit } = input;
    const before = cursor.decode(input.cursor)?.[0];
    if (!(await pageExists(database, pageId))) throw errors.PAGE_NOT_FOUND({});
    const rows = await listRevisions(database, { pageId, before, limit });
    return pageOf(rows, limit, { item: presentRevision, cursor: (row) => cursor.encode([row.revision]) });
  };
}
