import type { UserIdentity } from '@arcadium/mesh/contract';

type Actor = Pick<UserIdentity, 'id' | 'role'>;
type Authored = Readonly<{ authorId: string }>;

/** Whether somebody may put a page into the recycle bin or take it out: its author, or an administrator. */
export function mayBinPage(actor: Actor, page: Authored): boolean {
  return actor.role === 'admin' || actor.id === page.authorId;
}

/** Whether somebody may change the words of a comment: its author alone, since they stand under his name. */
export function mayEditComment(actor: Actor, comment: Authored): boolean {
  return actor.id === comment.authorId;
}

/** Whether somebody may delete a comment: its author, or an administrator. */
export function mayDeleteComment(actor: Actor, comment: Authored): boolean {
  return actor.role === 'admin' || actor.id === comment.authorId;
}
