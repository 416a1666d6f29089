import { once } from '@arcadium/postgres/idempotency';
import { presentComment } from '../../presenters/comment.ts';
import { insertComment } from '../../stores/comments.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';
import { markNoticed } from './mark-noticed.ts';

/** A user who answers a comment has read it, so its notification is marked as read. */
export function createComment(deps: WikiDeps): WikiHandler<'comments.create'> {
  const { sql, now } = deps;
  return async ({ input, caller, errors, claim, signal, inBackground }) => {
    const comment = await once(sql, { claim, signal }, async (transaction) => {
      const result = await insertComment(transaction, { ...input, author: caller.user, now: now() });
      if (result.outcome === 'saved') return presentComment(result.comment);
      if (result.outcome === 'page-missing') throw errors.PAGE_NOT_FOUND({});
      // Only an answer names a parent.
      throw errors.PARENT_COMMENT_NOT_FOUND({ parentId: input.parentId ?? '' });
    });
    const { pageId, parentId } = comment;
    if (parentId !== null) inBackground(() => markNoticed(deps, { pageId, id: parentId }));
    return comment;
  };
}
