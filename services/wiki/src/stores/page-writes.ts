import { isUniqueViolation } from '@arcadium/postgres/database';
import type { Notice } from '../domain/notice.ts';
import type { PageContent } from '../domain/page-content.ts';
import { queueNotice } from './outbox.ts';
import { storeSearchWords } from './search.ts';
import { findSummary, pageFields, summaryFields, type PageRow, type SummaryRow } from './pages.ts';
import type { Database, Transaction } from './transaction.ts';
import { checkParent, holdParent } from './tree.ts';
import { watchersOf } from './watchers.ts';

/** The fields that an author sets. */
export interface PageText {
  readonly slug: string;
  readonly title: string;
  readonly body: string;
  readonly parentId: string | null;
}

/** A change and its author. */
export interface Change {
  readonly editorId: string;
  readonly now: Date;
}

/** The notification of the page's watchers except the editor. */
export interface ToldChange extends Change {
  readonly notice: Notice;
}

export type CreateOutcome = { outcome: 'saved'; page: PageRow } | { outcome: 'parent-missing' };

export type SaveOutcome =
  | CreateOutcome
  | { outcome: 'conflict'; currentRevision: number }
  | { outcome: 'page-missing' }
  | { outcome: 'circle' };

/**
 * Stores a new page with its first revision, links and terms; its author watches it. Fails if the address is
 * taken.
 */
export async function insertPage(
  transaction: Transaction,
  page: PageText & { content: PageContent },
  { editorId, now }: Change,
): Promise<CreateOutcome> {
  const { content, ...text } = page;
  if (page.parentId !== null && !(await holdParent(transaction, page.parentId))) {
    return { outcome: 'parent-missing' };
  }
  const row = await transaction.page.create({
    data: { ...text, plain: content.plain, authorId: editorId, createdAt: now, updatedAt: now },
    select: pageFields,
  });
  await recordRevision(transaction, row, { editorId, now });
  await rewriteContent(transaction, row, content);
  await transaction.pageWatcher.create({ data: { pageId: row.id, userId: editorId } });
  return { outcome: 'saved', page: row };
}

/**
 * Stores a page's next revision, rewrites its links and terms and queues the notifications of its watchers,
 * in one transaction. Writes nothing if the page is no longer as in `current`. Fails if the new address is
 * taken.
 */
export async function savePage(
  transaction: Transaction,
  { current, next, content }: { current: PageRow; next: PageText; content: PageContent },
  change: ToldChange,
): Promise<SaveOutcome> {
  const { id, revision } = current;
  const { parentId } = next;
  if (parentId !== null && parentId !== current.parentId) {
    const verdict = await checkParent(transaction, { id, parentId });
    if (verdict === 'circle') return { outcome: 'circle' };
    if (verdict === 'missing') return { outcome: 'parent-missing' };
  }
  // Of two concurrent changes of one revision, the second waits here for the first and then matches no row.
  const [row] = await transaction.page.updateManyAndReturn({
    where: { id, revision, deletedAt: null },
    data: { ...next, plain: content.plain, revision: revision + 1, updatedAt: change.now },
    select: pageFields,
  });
  if (!row) return whyNot(transaction, id);
  await recordRevision(transaction, row, change);
  if (row.slug !== current.slug) {
    await transaction.$executeRaw`
      INSERT INTO page_moves (slug, page_id) VALUES (${current.slug}, ${id}::uuid)
      ON CONFLICT (slug) DO UPDATE SET page_id = excluded.page_id`;
  }
  await rewriteContent(transaction, row, content);
  await queueNotice(transaction, change.notice, await watchersOf(transaction, id, [change.editorId]));
  return { outcome: 'saved', page: row };
}

/** Moves a page to the recycle bin and notifies its watchers. A page in the bin is not changed. */
export function binPage(database: Database, id: string, change: ToldChange): Promise<SummaryRow | null> {
  return database.$transaction(async (transaction) => {
    const where = { id, deletedAt: null };
    const { count } = await transaction.page.updateMany({ where, data: { deletedAt: change.now } });
    if (count > 0) {
      await queueNotice(transaction, change.notice, await watchersOf(transaction, id, [change.editorId]));
    }
    return findSummary(transaction, id);
  });
}

/** Restores a page from the recycle bin and notifies its watchers; `slug-taken` if another page has its address. */
export function restorePage(
  database: Database,
  id: string,
  change: ToldChange,
): Promise<{ outcome: 'restored'; page: SummaryRow | null } | { outcome: 'slug-taken' }> {
  const takeOut = () =>
    database.$transaction(async (transaction) => {
      const where = { id, deletedAt: { not: null } };
      const [row] = await transaction.page.updateManyAndReturn({
        where,
        data: { deletedAt: null },
        select: summaryFields,
      });
      if (row)
        await queueNotice(transaction, change.notice, await watchersOf(transaction, id, [change.editorId]));
      return { outcome: 'restored' as const, page: row ?? (await findSummary(transaction, id)) };
    });
  return unlessSlugTaken(takeOut, () => ({ outcome: 'slug-taken' }));
}

/**
 * Runs a transaction that sets the address of a page. The only unique index it can violate is that of the
 * slugs of live pages; `taken` then finds the page that has the slug.
 */
export async function unlessSlugTaken<Outcome, Taken>(
  write: () => Promise<Outcome>,
  taken: () => Taken,
): Promise<Outcome | Taken> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error)) return taken();
    throw error;
  }
}

async function whyNot(transaction: Transaction, id: string): Promise<SaveOutcome> {
  const page = await findSummary(transaction, id);
  return page && page.deletedAt === null
    ? { outcome: 'conflict', currentRevision: page.revision }
    : { outcome: 'page-missing' };
}

async function recordRevision(
  transaction: Transaction,
  page: PageRow,
  { editorId, now }: Change,
): Promise<void> {
  const { id: pageId, revision, title, body } = page;
  await transaction.pageRevision.create({
    data: { pageId, revision, title, body, authorId: editorId, createdAt: now },
    select: { revision: true },
  });
}

/** Stores the links, terms and words of one revision of a page. */
export async function rewriteContent(
  transaction: Transaction,
  { id: pageId, revision }: { id: string; revision: number },
  { links, terms, search }: PageContent,
): Promise<void> {
  await transaction.pageLink.deleteMany({ where: { pageId } });
  await transaction.pageLink.createMany({
    data: links.map((link, position) => ({ ...link, pageId, position })),
  });
  await transaction.indexEntry.deleteMany({ where: { pageId } });
  await transaction.indexEntry.createMany({ data: terms.map((term) => ({ ...term, pageId })) });
  await storeSearchWords(transaction, { id: pageId, revision }, search);
}
