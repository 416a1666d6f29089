import type { Prisma } from '@arcadium/prisma/wiki';
import type { Database } from './transaction.ts';

const revisionFields = {
  revision: true,
  title: true,
  authorId: true,
  createdAt: true,
} as const satisfies Prisma.PageRevisionSelect;

export type RevisionRow = Prisma.PageRevisionGetPayload<{ select: typeof revisionFields }>;

/** The revisions of a page before a given one, newest first; one more than `limit`. */
export function listRevisions(
  database: Database,
  { pageId, before, limit }: { pageId: string; before: number | undefined; limit: number },
): Promise<RevisionRow[]> {
  return database.pageRevision.findMany({
    where: { pageId, ...(before === undefined ? {} : { revision: { lt: before } }) },
    orderBy: { revision: 'desc' },
    take: limit + 1,
    select: revisionFields,
  });
}

/** A page at one revision. */
export function findRevision(
  database: Database,
  pageId: string,
  revision: number,
): Promise<(RevisionRow & { body: string }) | null> {
  return database.pageRevision.findUnique({
    where: { pageId_revision: { pageId, revision } },
    select: { ...revisionFields, body: true },
  });
}
