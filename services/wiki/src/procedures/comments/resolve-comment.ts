import { presentComment } from '../../presenters/comment.ts';
import { changeComment, findComment } from '../../stores/comments.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';
import { markNoticed } from './mark-noticed.ts';

/**
 * Any user may: anyone who may change the page may also say that a remark on it is dealt with. What they were told about
 * the remark is marked as read.
 */
export function resolveComment(deps: WikiDeps): WikiHandler<'comments.resolve'> {
  const { database, now } = deps;
  return async ({ input: { id, resolved }, errors, inBackground }) => {
    const comment = await findComment(database, id);
    if (!comment || comment.deletedAt) throw errors.COMMENT_NOT_FOUND({ id });
    // Said again, it keeps the time of the first.
    if ((comment.resolvedAt !== null) === resolved) return presentComment(comment);
    const changed = await changeComment(database, id, { resolvedAt: resolved ? now() : null });
    if (!changed) throw errors.COMMENT_NOT_FOUND({ id });
    if (resolved) inBackground(() => markNoticed(deps, changed));
    return presentComment(changed);
  };
}
