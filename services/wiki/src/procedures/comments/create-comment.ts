import { presentComment } from '../../presenters/comment.ts';
import { insertComment } from '../../stores/comments.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function createComment({ database, now }: WikiDeps): WikiHandler<'comments.create'> {
  return async ({ input, caller, errors }) => {
    const result = await insertComment(database, { ...input, author: caller.user, now: now() });
    if (result.outcome === 'saved') return presentComment(result.comment);
    if (result.outcome === 'page-missing') throw errors.PAGE_NOT_FOUND({});
    // Only an answer can miss what it answers.
    throw errors.PARENT_COMMENT_NOT_FOUND({ parentId: input.parentId ?? '' });
  };
}
