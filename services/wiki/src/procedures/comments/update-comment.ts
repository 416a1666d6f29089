import { withLineFeeds } from '@arcadium/contracts/wiki';
import { MeshError } from '@arcadium/mesh/contract';
import { mayEditComment } from '../../domain/authorship.ts';
import { presentComment } from '../../presenters/comment.ts';
import { changeComment, findComment } from '../../stores/comments.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function updateComment({ database, now }: WikiDeps): WikiHandler<'comments.update'> {
  return async ({ input: { id, body }, caller, errors }) => {
    const comment = await findComment(database, id);
    if (!comment || comment.deletedAt) throw errors.COMMENT_NOT_FOUND({ id });
    if (!mayEditComment(caller.user, comment)) {
      throw new MeshError('FORBIDDEN', 'Only its author may change a comment');
    }
    if (withLineFeeds(comment.body) === body) return presentComment(comment);
    const changed = await changeComment(database, id, { body, updatedAt: now() });
    if (!changed) throw errors.COMMENT_NOT_FOUND({ id });
    return presentComment(changed);
  };
}
