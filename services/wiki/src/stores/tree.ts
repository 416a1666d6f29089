import { run, Statement, type RowOf } from '@arcadium/postgres/statement';
import type { Database, Transaction } from './transaction.ts';

/** Most pages of one level that a walk examines, so that it is short in the largest wiki. */
const mostVisited = 10_000;

/** A page's place in the tree. */
const treeColumns = {
  id: 'uuid',
  slug: 'text',
  title: 'text',
  /** Null at the top level, and if the parent is in the recycle bin. */
  parentId: 'uuid?',
  /** 0 for the first requested level. */
  depth: 'int4',
  hasChildren: 'bool',
} as const;

/**
 * The SQL of a walk to the depth `$1` that returns `$2` pages: it descends while there are fewer, and takes
 * no more than that of a level. The children of each page are looked up in the index (`LIMIT`; a join would
 * read all pages).
 *
 * @param first The pages of the first level.
 * @param parentId Their parent.
 */
const walkFrom = (first: string, parentId: string): string => `
  WITH RECURSIVE tree AS (
    SELECT first.id, first.slug, ${parentId}::uuid AS parent_id, 0 AS depth, count(*) OVER () AS seen
    FROM (${first}) AS first
    UNION ALL
    SELECT id, slug, parent_id, depth, seen + count(*) OVER () FROM (
      SELECT * FROM (
        SELECT child.id, child.slug, tree.id AS parent_id, tree.depth + 1 AS depth, tree.seen
        FROM tree, LATERAL (
          SELECT p.id, p.slug FROM pages p WHERE p.parent_id = tree.id AND p.deleted_at IS NULL
          ORDER BY p.slug LIMIT $2::int
        ) AS child
        WHERE tree.depth + 1 < $1::int AND tree.seen < $2::int
        LIMIT ${mostVisited}
      ) AS visited
      ORDER BY slug LIMIT $2::int
    ) AS level
  )
  SELECT t.id, t.slug, p.title, t.parent_id AS "parentId", t.depth,
    (SELECT 1 FROM pages c WHERE c.parent_id = t.id AND c.deleted_at IS NULL LIMIT 1) IS NOT NULL AS "hasChildren"
  FROM (SELECT * FROM tree ORDER BY depth, slug LIMIT $2::int) AS t,
    LATERAL (SELECT title FROM pages WHERE id = t.id OFFSET 0) AS p
  ORDER BY t.depth, t.slug`;

const treeBelowNone = new Statement({
  name: 'wiki.tree',
  parameters: ['int4', 'int4'],
  columns: treeColumns,
  text: walkFrom(
    `(SELECT p.id, p.slug FROM pages p WHERE p.parent_id IS NULL AND p.deleted_at IS NULL ORDER BY p.slug LIMIT $2::int)
    UNION ALL
    (SELECT c.id, c.slug FROM pages r, LATERAL (
       SELECT p.id, p.slug FROM pages p WHERE p.parent_id = r.id AND p.deleted_at IS NULL OFFSET 0
     ) AS c
     WHERE r.strands AND r.deleted_at IS NOT NULL LIMIT ${mostVisited})`,
    'NULL',
  ),
});

const treeBelow = new Statement({
  name: 'wiki.tree-below',
  parameters: ['int4', 'int4', 'uuid'],
  columns: treeColumns,
  text: walkFrom(
    `SELECT p.id, p.slug FROM pages p
     WHERE p.parent_id = $3 AND p.deleted_at IS NULL
       AND EXISTS (SELECT FROM pages r WHERE r.id = $3 AND r.deleted_at IS NULL)
     ORDER BY p.slug LIMIT $2::int`,
    '$3',
  ),
});

/** A page in the tree. */
export type TreeRow = RowOf<typeof treeBelow>;

/**
 * Pages below a page, or from the top, by level and then by address; one more than `limit`. While its parent
 * is in the recycle bin, a page is at the top level, so that it can be reached.
 */
export async function listTree(
  database: Database,
  { rootId, depth, limit }: { rootId: string | null; depth: number; limit: number },
): Promise<TreeRow[]> {
  const rows = await (rootId === null
    ? run(database, treeBelowNone, [depth, limit + 1])
    : run(database, treeBelow, [depth, limit + 1, rootId]));
  // A cycle, which no write creates, would be followed to the depth limit.
  const seen = new Set<string>();
  return rows.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/**
 * Whether a page may become the parent of another: it must exist and not be below it. This holds until the
 * transaction ends. Moves run one at a time, because two concurrent ones could create a cycle that neither
 * sees.
 */
export async function checkParent(
  transaction: Transaction,
  { id, parentId }: { id: string; parentId: string },
): Promise<'fits' | 'missing' | 'circle'> {
  // Advisory locks share one namespace per database; these two numbers belong to this service.
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

/** Whether a page exists and can be a parent; if so, it cannot be deleted until the transaction ends. */
export async function holdParent(transaction: Transaction, id: string): Promise<boolean> {
  const found = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM pages WHERE id = ${id}::uuid AND deleted_at IS NULL FOR SHARE`;
  return found.length > 0;
}

/** `wiki` in ASCII, and the number of the lock. */
const lockSpace = 0x77696b69;
const treeLock = 1;
