import { pageOf, timeCursor } from '@arcadium/mesh/server';
import { presentComment } from '../../presenters/comment.ts';
import { listComments as findComments } from '../../stores/comments.ts';
import { pageExists } from '../../stores/pages.ts';
import { walkedPage } from '../../stores/walk.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function listComments({ database }: WikiDeps): WikiHandler<'comments.list'> {
  return async ({ input, errors }) => {
    const { pageId, limit } = input;
    const after = timeCursor.decode(input.cursor);
    if (!(await pageExists(database, pageId))) throw errors.PAGE_NOT_FOUND({});
    const { rows, until } = await findComments(database, { pageId, after, limit });
    const page = pageOf(rows, limit, {
      item: presentComment,
      cursor: ({ createdAt: at, id }) => timeCursor.encode({ at, id }),
    });
    return walkedPage(page, until && timeCursor.encode(until));
  };
}
