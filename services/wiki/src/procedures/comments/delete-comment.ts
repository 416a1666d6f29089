import { MeshError } from '@arcadium/mesh/contract';
import { mayDeleteComment } from '../../domain/authorship.ts';
import { presentComment } from '../../presenters/comment.ts';
import { deleteComment as erase, findComment } from '../../stores/comments.ts';
import type { WikiDeps, WikiHandler } from '../deps.ts';

export function deleteComment({ database, now }: WikiDeps): WikiHandler<'comments.delete'> {
  return async ({ input: { id }, caller, errors }) => {
    const comment = await findComment(database, id);
    if (!comment) throw errors.COMMENT_NOT_FOUND({ id });
    if (!mayDeleteComment(caller.user, comment)) {
      throw new MeshError('FORBIDDEN', 'Only its author or an administrator may delete a comment');
    }
    const erased = await erase(database, id, now());
    if (!erased) throw errors.COMMENT_NOT_FOUND({ id });
    return presentComment(erased);
  };
}
