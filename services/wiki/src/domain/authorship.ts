import type { UserIdentity } from '@arcadium/mesh/contract';

type Actor = Pick<UserIdentity, 'id' | 'role'>;
type Authored = Readonly<{ authorId: string }>;

/** Whether a user may delete or restore a page: its author, or an administrator. */
export function mayBinPage(actor: Actor, page: Authored): boolean {
  return actor.role === 'admin' || actor.id === page.authorId;
}

/** Whether a user may change a comment: only its author, because the words appear under their name. */
export function mayEditComment(actor: Actor, comment: Authored): boolean {
  return actor.id === comment.authorId;
}

/** Whether a user may delete a comment: its author, or an administrator. */
export function mayDeleteComment(actor: Actor, comment: Authored): boolean {
  return actor.role === 'admin' || actor.id === comment.authorId;
}
