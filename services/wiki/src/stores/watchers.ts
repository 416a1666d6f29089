import type { Database, Transaction } from './transaction.ts';

/** Adds a user to a page's watchers, or leaves him there. */
export async function addWatcher(database: Database, pageId: string, userId: string): Promise<void> {
  // An upsert of Prisma's reads first and writes then; two at once would collide.
  await database.pageWatcher.createMany({ data: [{ pageId, userId }], skipDuplicates: true });
}

/** Takes a user off a page's watchers, if he is there. */
export async function removeWatcher(database: Database, pageId: string, userId: string): Promise<void> {
  await database.pageWatcher.deleteMany({ where: { pageId, userId } });
}

/** The users who watch a page, but for some. */
export async function watchersOf(
  transaction: Transaction,
  pageId: string,
  except: readonly string[],
): Promise<string[]> {
  const rows = await transaction.pageWatcher.findMany({
    where: { pageId, userId: { notIn: [...except] } },
    select: { userId: true },
  });
  return rows.map(({ userId }) => userId);
}
