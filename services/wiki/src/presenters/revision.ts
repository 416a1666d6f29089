import type { RevisionRow } from '../stores/revisions.ts';

export function presentRevision({ revision, title, authorId, createdAt }: RevisionRow) {
  return { revision, title, authorId, createdAt: createdAt.toISOString() };
}
