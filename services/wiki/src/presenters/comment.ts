import type { Comment } from '@arcadium/contracts/wiki';
import type { CommentRow } from '../stores/comments.ts';

export function presentComment(row: CommentRow): Comment {
  const { id, pageId, parentId, authorId, body } = row;
  return {
    id,
    pageId,
    parentId,
    authorId,
    body,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    resolvedAt: row.resolvedAt?.toISOString() ?? null,
    deletedAt: row.deletedAt?.toISOString() ?? null,
  };
}
