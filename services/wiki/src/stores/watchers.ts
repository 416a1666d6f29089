import type { Database, Transaction } from './transaction.ts';

/** Adds a user to a page's watchers, if they are not one. */
export async function addWatcher(database: Database, pageId: string, userId: string): Promise<void> {
  // Prisma's upsert reads before it writes, so two at once could collide.
  await database.pageWatcher.createMany({ data: [{ pageId, userId }], skipDuplicates: true });
}

/** Removes a user from a page's watchers, if they are one. */
export async function removeWatcher(database: Database, pageId: string, userId: string): Promise<void> {
  await database.pageWatcher.deleteMany({ where: { pageId, userId } });
}

/** The users who watch a page, except some. */
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
