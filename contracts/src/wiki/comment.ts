import { error } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { id, text, time } from '../field.ts';

export const commentBody = text(10_000);

export const comment = z.object({
  id,
  pageId: id,
  /** The comment that this one answers. */
  parentId: id.nullable(),
  authorId: id,
  /** Empty after the comment was deleted; it stays if others answered it. */
  body: z.string(),
  createdAt: time,
  updatedAt: time,
  resolvedAt: time.nullable(),
  deletedAt: time.nullable(),
});
export type Comment = z.output<typeof comment>;

export const commentErrors = {
  COMMENT_NOT_FOUND: error('NOT_FOUND', 'There is no such comment', z.object({ id })),
} as const;

export const replyErrors = {
  PARENT_COMMENT_NOT_FOUND: error(
    'UNPROCESSABLE_CONTENT',
    'The comment to answer is not on this page',
    z.object({ parentId: id }),
  ),
} as const;
