import { presentComment } from '../../presenters/comment.ts';
import { changeComment, findComment } from '../../stores/comments.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';
import { markNoticed } from './mark-noticed.ts';

/**
 * Any user may resolve a comment, because any user may change the page. Their notification about it is marked
 * as read.
 */
export function resolveComment(deps: WikiDeps): WikiHandler<'comments.resolve'> {
  const { database, now } = deps;
  return async ({ input: { id, resolved }, errors, inBackground }) => {
    const comment = await findComment(database, id);
    if (!comment || comment.deletedAt) throw errors.COMMENT_NOT_FOUND({ id });
    // Repeated calls keep the first time.
    if ((comment.resolvedAt !== null) === resolved) return presentComment(comment);
    const changed = await changeComment(database, id, { resolvedAt: resolved ? now() : null });
    if (!changed) throw errors.COMMENT_NOT_FOUND({ id });
    if (resolved) inBackground(() => markNoticed(deps, changed));
    return presentComment(changed);
  };
}
