import type { Page, PageSummary } from '@arcadium/contracts/wiki';
import type { PageRow, SummaryRow } from '../stores/pages.ts';

/** A page without its text. */
export function presentSummary(row: SummaryRow): PageSummary {
  const { id, slug, title, parentId, revision, authorId } = row;
  return {
    id,
    slug,
    title,
    parentId,
    revision,
    authorId,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    deletedAt: row.deletedAt?.toISOString() ?? null,
  };
}

export function presentPage(row: PageRow): Page {
  return { ...presentSummary(row), body: row.body };
}
