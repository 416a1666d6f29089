import type { PageContent, PageSource } from '../domain/page-content.ts';
import { rewriteContent } from './page-writes.ts';
import type { Database } from './transaction.ts';

/** A page whose words were not stored for the revision that it has: another version of the service wrote it. */
export type StalePage = PageSource & { id: string; revision: number };

/** The first stale page after another one, those in the recycle bin included. */
export async function findStalePage(database: Database, after: string): Promise<StalePage | undefined> {
  const [page] = await database.$queryRaw<StalePage[]>`
    SELECT id::text, revision, slug, title, body FROM pages
    WHERE indexed_revision IS DISTINCT FROM revision AND id > ${after}::uuid ORDER BY id LIMIT 1`;
  return page;
}

/** Stores what was read of a page, unless it has changed since, or another process has. @returns whether it did. */
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
