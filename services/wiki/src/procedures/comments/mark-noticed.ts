import { commentLink } from '../../domain/notice.ts';
import { findAddresses } from '../../stores/pages.ts';
import type { WikiDeps } from '../deps.ts';

/** Marks as read what the user of the running handler was told about a comment: they have dealt with it. */
export async function markNoticed(
  { database, markRead }: Pick<WikiDeps, 'database' | 'markRead'>,
  { pageId, id }: { pageId: string; id: string },
): Promise<void> {
  // Told before the page moved, by the address that it had.
  const addresses = await findAddresses(database, pageId);
  await Promise.all(addresses.map((slug) => markRead(commentLink({ slug }, id))));
}
