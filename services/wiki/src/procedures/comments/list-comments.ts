import { z } from 'zod';
import { cursorOf, moment, pageOf } from '../../domain/cursor.ts';
import { presentComment } from '../../presenters/comment.ts';
import { listComments as findComments } from '../../stores/comments.ts';
import { pageExists } from '../../stores/pages.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

const cursor = cursorOf(z.tuple([moment, z.uuid()]));

export function listComments({ database }: WikiDeps): WikiHandler<'comments.list'> {
  return async ({ input, errors }) => {
    const { pageId, limit } = input;
    const place = cursor.decode(input.cursor);
    if (!(await pageExists(database, pageId))) throw errors.PAGE_NOT_FOUND({});
    const after = place && { at: new Date(place[0]), id: place[1] };
    const rows = await findComments(database, { pageId, after, limit });
    return pageOf(rows, limit, {
      item: presentComment,
      cursor: (row) => cursor.encode([row.createdAt.getTime(), row.id]),
    });
  };
}
