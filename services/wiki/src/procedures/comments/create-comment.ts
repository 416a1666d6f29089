import { once } from '@arcadium/prisma/once';
import { presentComment } from '../../presenters/comment.ts';
import { insertComment } from '../../stores/comments.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function createComment({ database, now }: WikiDeps): WikiHandler<'comments.create'> {
  return ({ input, caller, errors, claim, signal }) =>
    once(database, { claim, signal }, async (transaction) => {
      const result = await insertComment(transaction, { ...input, author: caller.user, now: now() });
      if (result.outcome === 'saved') return presentComment(result.comment);
      if (result.outcome === 'page-missing') throw errors.PAGE_NOT_FOUND({});
      // Only an answer can miss what it answers.
      throw errors.PARENT_COMMENT_NOT_FOUND({ parentId: input.parentId ?? '' });
    });
}
