import { commentLink } from '../../domain/notice.ts';
import { findAddresses } from '../../stores/pages.ts';
import type { WikiDeps } from '../deps.ts';

/** Marks the notifications about a comment as read, for the user that the running handler serves. */
export async function markNoticed(
  { database, markRead }: Pick<WikiDeps, 'database' | 'markRead'>,
  { pageId, id }: { pageId: string; id: string },
): Promise<void> {
  // Notifications from before the page moved have its old address.
  const addresses = await findAddresses(database, pageId);
  await Promise.all(addresses.map((slug) => markRead(commentLink({ slug }, id))));
}
