import type { PageContent, PageSource } from '../domain/page-content.ts';
import { rewriteContent } from './page-writes.ts';
import type { Database } from './transaction.ts';

/** A page whose words are not those of its current revision, because another version of the service wrote it. */
export type StalePage = PageSource & { id: string; revision: number };

/** The next stale page after an id, including pages in the recycle bin. */
export async function findStalePage(database: Database, after: string): Promise<StalePage | undefined> {
  const [page] = await database.$queryRaw<StalePage[]>`
    SELECT id::text, revision, slug, title, body FROM pages
    WHERE indexed_revision IS DISTINCT FROM revision AND id > ${after}::uuid ORDER BY id LIMIT 1`;
  return page;
}

/**
 * Stores the parsed content of a page, unless the page has changed or another process has stored it. @returns
 * Whether it did.
 */
export function storeContent(
  database: Database,
  { id, revision }: StalePage,
  content: PageContent,
): Promise<boolean> {
  return database.$transaction(async (transaction) => {
    const changed = await transaction.$executeRaw`
      UPDATE pages SET plain = ${content.plain}
      WHERE id = ${id}::uuid AND revision = ${revision}::int AND indexed_revision IS DISTINCT FROM revision`;
    if (changed === 0) return false;
    await rewriteContent(transaction, { id, revision }, content);
    return true;
  });
}
