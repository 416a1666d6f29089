import type { PlaceInTime } from '@arcadium/mesh/server';
import { run, Statement } from '@arcadium/postgres/statement';
import { Prisma } from '@arcadium/prisma/wiki';
import type { Database, Transaction } from './transaction.ts';

/** A page in a list: everything except its text. */
export const summaryFields = {
  id: true,
  slug: true,
  title: true,
  parentId: true,
  revision: true,
  authorId: true,
  createdAt: true,
  updatedAt: true,
  deletedAt: true,
} as const satisfies Prisma.PageSelect;

/** A page with its text. */
export const pageFields = { ...summaryFields, body: true } as const satisfies Prisma.PageSelect;

export type SummaryRow = Prisma.PageGetPayload<{ select: typeof summaryFields }>;
export type PageRow = Prisma.PageGetPayload<{ select: typeof pageFields }>;

/** The SQL columns of a {@link SummaryRow}, of a table with the alias `p`. */
export const summaryColumns = Prisma.sql`
  p.id, p.slug, p.title, p.parent_id AS "parentId", p.revision, p.author_id AS "authorId",
  p.created_at AS "createdAt", p.updated_at AS "updatedAt", p.deleted_at AS "deletedAt"`;

/** The types of {@link summaryColumns}. */
export const summaryTypes = {
  id: 'uuid',
  slug: 'text',
  title: 'text',
  parentId: 'uuid?',
  revision: 'int4',
  authorId: 'uuid',
  createdAt: 'timestamptz',
  updatedAt: 'timestamptz',
  deletedAt: 'timestamptz?',
} as const;

const pageTypes = { ...summaryTypes, body: 'text' } as const;

const pageById = new Statement({
  name: 'wiki.page-by-id',
  parameters: ['uuid'],
  columns: pageTypes,
  text: `SELECT ${summaryColumns.sql}, p.body FROM pages p WHERE p.id = $1 AND p.deleted_at IS NULL`,
});

const pageBySlug = new Statement({
  name: 'wiki.page-by-slug',
  parameters: ['text'],
  columns: pageTypes,
  text: `SELECT ${summaryColumns.sql}, p.body FROM pages p WHERE p.slug = $1 AND p.deleted_at IS NULL`,
});

/** A page that is not in the recycle bin. Also found by a former address that no other page has. */
export async function findPage(
  database: Database,
  address: { id: string } | { slug: string },
): Promise<PageRow | null> {
  if ('id' in address) return (await run(database, pageById, [address.id]))[0] ?? null;
  const { slug } = address;
  const [page] = await run(database, pageBySlug, [slug]);
  if (page) return page;
  return database.page.findFirst({
    where: { moves: { some: { slug } }, deletedAt: null },
    select: pageFields,
  });
}

/** A page without its text, whether it is in the recycle bin or not. */
export function findSummary(database: Database | Transaction, id: string): Promise<SummaryRow | null> {
  return database.page.findUnique({ where: { id }, select: summaryFields });
}

/** Most former addresses in an answer. */
const mostMoves = 10;

/** The current and some former addresses of a page, in the recycle bin or not. */
export async function findAddresses(database: Database, id: string): Promise<string[]> {
  const page = await database.page.findUnique({
    where: { id },
    select: { slug: true, moves: { take: mostMoves, select: { slug: true } } },
  });
  return page ? [...new Set([page.slug, ...page.moves.map(({ slug }) => slug)])] : [];
}

/** Whether a page exists and is not in the recycle bin. */
export async function pageExists(database: Database, id: string): Promise<boolean> {
  return (await database.page.findFirst({ where: { id, deletedAt: null }, select: { id: true } })) !== null;
}

/** Pages, most recently changed first; one more than `limit`. */
export function listPages(
  database: Database,
  { authorId, after, limit }: { authorId: string | undefined; after: PlaceInTime | undefined; limit: number },
): Promise<SummaryRow[]> {
  return database.page.findMany({
    where: {
      deletedAt: null,
      ...(authorId === undefined ? {} : { authorId }),
      // The first condition gives PostgreSQL a start in the index; the second alone would not.
      ...(after && { updatedAt: { lte: after.at }, NOT: { updatedAt: after.at, id: { gte: after.id } } }),
    },
    orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
    select: summaryFields,
  });
}

/** The recycle bin, most recently deleted first; one more than `limit`. */
export function listBin(
  database: Database,
  { authorId, after, limit }: { authorId: string | undefined; after: PlaceInTime | undefined; limit: number },
): Promise<SummaryRow[]> {
  return database.page.findMany({
    where: {
      deletedAt: after ? { lte: after.at } : { not: null },
      ...(authorId === undefined ? {} : { authorId }),
      ...(after && { NOT: { deletedAt: after.at, id: { gte: after.id } } }),
    },
    orderBy: [{ deletedAt: 'desc' }, { id: 'desc' }],
    take: limit + 1,
    select: summaryFields,
  });
}
