import { Prisma } from '@arcadium/prisma/wiki';
import type { Database, Transaction } from './transaction.ts';

/** A page in the tree. */
export type TreeRow = {
  id: string;
  slug: string;
  title: string;
  /** Null at the top, also where the parent is in the recycle bin. */
  parentId: string | null;
  /** 0 for the first level asked for. */
  depth: number;
  hasChildren: boolean;
};

/** Most pages that one walk looks at, so that the largest wiki cannot make it a long one. */
const mostVisited = 10_000;

/**
 * Pages below one page, or from the top, level by level and by address within
 * a level. A page whose parent is in the recycle bin stands at the top
 * meanwhile, so that nothing gets out of reach.
 */
export function listTree(
  database: Database,
  { rootId, depth, limit }: { rootId: string | null; depth: number; limit: number },
): Promise<TreeRow[]> {
  const from = Prisma.sql`SELECT p.id, p.slug, p.title, ${rootId}::uuid AS parent_id, 0 AS depth`;
  const some = Prisma.sql`LIMIT ${mostVisited}::int`;
  const isLive = Prisma.sql`EXISTS (SELECT FROM pages r WHERE r.id = ${rootId}::uuid AND r.deleted_at IS NULL)`;
  // Two questions rather than one about every page, so that each can begin in an index.
  const first =
    rootId === null
      ? Prisma.sql`
        (${from} FROM pages p WHERE p.deleted_at IS NULL AND p.parent_id IS NULL ${some})
        UNION ALL
        (${from} FROM pages r JOIN pages p ON p.parent_id = r.id
         WHERE r.deleted_at IS NOT NULL AND p.deleted_at IS NULL ${some})`
      : Prisma.sql`${from} FROM pages p WHERE p.deleted_at IS NULL AND p.parent_id = ${rootId}::uuid AND ${isLive}`;
  return database.$queryRaw<TreeRow[]>`
    WITH RECURSIVE tree AS (
      SELECT * FROM (${first}) AS first
      UNION ALL
      SELECT p.id, p.slug, p.title, p.parent_id, tree.depth + 1
      FROM tree JOIN pages p ON p.parent_id = tree.id
      WHERE p.deleted_at IS NULL AND tree.depth + 1 < ${depth}::int
    ) CYCLE id SET looped USING path
    SELECT t.id, t.slug, t.title, t.parent_id AS "parentId", t.depth,
      EXISTS (SELECT FROM pages c WHERE c.parent_id = t.id AND c.deleted_at IS NULL) AS "hasChildren"
    FROM (SELECT * FROM tree WHERE NOT looped LIMIT ${mostVisited}) t
    ORDER BY t.depth, t.slug
    LIMIT ${limit + 1}`;
}

/**
 * Whether a page may become the parent of another: it must be there, and not
 * stand below it. Holds until the transaction ends; moves go one after the
 * other, or two of them could close a circle that neither sees.
 */
export async function checkParent(
  transaction: Transaction,
  { id, parentId }: { id: string; parentId: string },
): Promise<'fits' | 'missing' | 'circle'> {
  // Locks are one name space for the whole database; the two numbers are of this service alone.
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${lockSpace}::int, ${treeLock}::int)`;
  if (!(await holdParent(transaction, parentId))) return 'missing';
  const [found] = await transaction.$queryRaw<{ circle: boolean }[]>`
    WITH RECURSIVE above AS (
      SELECT id, parent_id FROM pages WHERE id = ${parentId}::uuid
      UNION
      SELECT p.id, p.parent_id FROM above JOIN pages p ON p.id = above.parent_id
    )
    SELECT EXISTS (SELECT FROM above WHERE id = ${id}::uuid) AS circle`;
  return found?.circle ? 'circle' : 'fits';
}

/** Whether a page is there to be a parent; if so it stays until the transaction ends. */
export async function holdParent(transaction: Transaction, id: string): Promise<boolean> {
  const found = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM pages WHERE id = ${id}::uuid AND deleted_at IS NULL FOR SHARE`;
  return found.length > 0;
}

/** `wiki` in ASCII, and the first of its locks. */
const lockSpace = 0x77696b69;
const treeLock = 1;
