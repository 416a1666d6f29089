import { commentLink } from '../../domain/notice.ts';
import { findSummary } from '../../stores/pages.ts';
import type { WikiDeps } from '../deps.ts';

/** Marks as read what the user of the running handler was told about a comment: they have dealt with it. */
export async function markNoticed(
  { database, markRead }: Pick<WikiDeps, 'database' | 'markRead'>,
  { pageId, id }: { pageId: string; id: string },
): Promise<void> {
  const page = await findSummary(database, pageId);
  if (page) await markRead(commentLink(page, id));
}
