import type { PlaceInTime } from '@arcadium/mesh/server';
import { Prisma } from '@arcadium/prisma/wiki';
import { commentNotice } from '../domain/notice.ts';
import { queueNotice } from './outbox.ts';
import type { Database, Transaction } from './transaction.ts';
import type { Walked } from './walk.ts';
import { watchersOf } from './watchers.ts';

const commentFields = {
  id: true,
  pageId: true,
  parentId: true,
  authorId: true,
  body: true,
  createdAt: true,
  updatedAt: true,
  resolvedAt: true,
  deletedAt: true,
} as const satisfies Prisma.CommentSelect;

export type CommentRow = Prisma.CommentGetPayload<{ select: typeof commentFields }>;

/** A new comment. */
export interface NewComment {
  readonly pageId: string;
  readonly parentId: string | null;
  readonly body: string;
  readonly author: Readonly<{ id: string; name: string }>;
  readonly now: Date;
}

export type CommentOutcome =
  | { outcome: 'saved'; comment: CommentRow }
  | { outcome: 'page-missing' }
  | { outcome: 'parent-missing' };

/**
 * Stores a comment and, in the same transaction, the notifications of the author of the parent comment and of
 * the page's watchers.
 */
export async function insertComment(transaction: Transaction, comment: NewComment): Promise<CommentOutcome> {
  const { pageId, parentId, body, author, now } = comment;
  const page = await transaction.page.findFirst({
    where: { id: pageId, deletedAt: null },
    select: { slug: true, title: true },
  });
  if (!page) return { outcome: 'page-missing' };
  const parent = parentId === null ? null : await findParent(transaction, pageId, parentId);
  if (parentId !== null && !parent) return { outcome: 'parent-missing' };
  const row = await transaction.comment.create({
    data: { pageId, parentId, body, authorId: author.id, createdAt: now, updatedAt: now },
    select: commentFields,
  });
  const about = { page, comment: row };
  const answered = parent && parent.authorId !== author.id ? [parent.authorId] : [];
  await queueNotice(transaction, commentNotice(author.name, 'reply', about), answered);
  const watchers = await watchersOf(transaction, pageId, [author.id, ...answered]);
  await queueNotice(transaction, commentNotice(author.name, 'comment', about), watchers);
  return { outcome: 'saved', comment: row };
}

function findParent(
  transaction: Transaction,
  pageId: string,
  id: string,
): Promise<{ authorId: string } | null> {
  return transaction.comment.findFirst({
    where: { id, pageId, deletedAt: null },
    select: { authorId: true },
  });
}

/** A comment on a page that is not in the recycle bin; deleted comments included. */
export function findComment(database: Database, id: string): Promise<CommentRow | null> {
  return database.comment.findFirst({ where: { id, page: { deletedAt: null } }, select: commentFields });
}

/** Changes a comment unless it is deleted. */
export async function changeComment(
  database: Database,
  id: string,
  data: Readonly<{ body: string; updatedAt: Date }> | Readonly<{ resolvedAt: Date | null }>,
): Promise<CommentRow | null> {
  const where = { id, deletedAt: null };
  const [row] = await database.comment.updateManyAndReturn({ where, data, select: commentFields });
  return row ?? null;
}

/** Deletes the text of a comment and marks it as deleted; its row stays. A deleted comment is not changed. */
export async function deleteComment(database: Database, id: string, now: Date): Promise<CommentRow | null> {
  await database.comment.updateMany({ where: { id, deletedAt: null }, data: { body: '', deletedAt: now } });
  return database.comment.findUnique({ where: { id }, select: commentFields });
}

/** Most comments that one call examines, and most replies to deleted ones that it searches for text. */
const mostWalked = 500;
const mostAnswers = 20_000;

/** Comments on a page, oldest first, including deleted ones that still have replies with text. */
export async function listComments(
  database: Database,
  { pageId, after, limit }: { pageId: string; after: PlaceInTime | undefined; limit: number },
): Promise<Walked<CommentRow, PlaceInTime>> {
  const place = ({ at, id }: PlaceInTime) => Prisma.sql`(${at.toISOString()}::timestamptz, ${id}::uuid)`;
  const beyond = after ? Prisma.sql`AND (c.created_at, c.id) > ${place(after)}` : Prisma.empty;
  const [until] = await database.$queryRaw<PlaceInTime[]>`
    SELECT c.created_at AS at, c.id::text FROM comments c WHERE c.page_id = ${pageId}::uuid ${beyond}
    ORDER BY c.created_at, c.id OFFSET ${mostWalked - 1} LIMIT 1`;
  const within = until ? Prisma.sql`AND (c.created_at, c.id) <= ${place(until)}` : Prisma.empty;
  const rows = await database.$queryRaw<CommentRow[]>`
    WITH RECURSIVE walked AS MATERIALIZED (
      SELECT c.* FROM comments c WHERE c.page_id = ${pageId}::uuid ${beyond} ${within}
    ), below AS (
      SELECT id, parent_id, deleted_at FROM walked WHERE deleted_at IS NOT NULL
      -- UNION instead of UNION ALL, so that a comment reached on several paths is examined once.
      UNION
      SELECT c.id, c.parent_id, c.deleted_at FROM below JOIN comments c ON c.parent_id = below.id
      WHERE below.deleted_at IS NOT NULL
    ), kept AS (
      SELECT id, parent_id FROM (SELECT * FROM below LIMIT ${mostAnswers}::int) AS seen WHERE deleted_at IS NULL
      UNION
      SELECT c.id, c.parent_id FROM kept JOIN comments c ON c.id = kept.parent_id WHERE c.deleted_at IS NOT NULL
    )
    SELECT c.id, c.page_id AS "pageId", c.parent_id AS "parentId", c.author_id AS "authorId", c.body,
      c.created_at AS "createdAt", c.updated_at AS "updatedAt",
      c.resolved_at AS "resolvedAt", c.deleted_at AS "deletedAt"
    FROM walked c WHERE c.deleted_at IS NULL OR c.id IN (SELECT id FROM kept)
    ORDER BY c.created_at, c.id
    LIMIT ${limit + 1}`;
  return { rows, until };
}
