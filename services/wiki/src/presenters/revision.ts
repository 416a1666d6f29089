import type { RevisionRow } from '../stores/revisions.ts';

/** What a page was after one change, as callers get it. */
export function presentRevision({ revision, title, authorId, createdAt }: RevisionRow) {
  return { revision, title, authorId, createdAt: createdAt.toISOString() };
}
