import { presentComment } from '../../presenters/comment.ts';
import { changeComment, findComment } from '../../stores/comments.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

/** Any user may: whoever may change the page may also say that a remark on it is dealt with. */
export function resolveComment({ database, now }: WikiDeps): WikiHandler<'comments.resolve'> {
  return async ({ input: { id, resolved }, errors }) => {
    const comment = await findComment(database, id);
    if (!comment || comment.deletedAt) throw errors.COMMENT_NOT_FOUND({ id });
    // Said again, it keeps the time of the first.
    if ((comment.resolvedAt !== null) === resolved) return presentComment(comment);
    const changed = await changeComment(database, id, { resolvedAt: resolved ? now() : null });
    if (!changed) throw errors.COMMENT_NOT_FOUND({ id });
    return presentComment(changed);
  };
}
