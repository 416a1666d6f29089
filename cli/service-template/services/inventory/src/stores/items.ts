import type { Prisma, PrismaClient } from '@arcadium/prisma/inventory';

/** The database client of this service. */
export type Database = PrismaClient;

/** The same in a transaction. */
export type Transaction = Prisma.TransactionClient;

const fields = { id: true, name: true, quantity: true } as const satisfies Prisma.ItemSelect;

type Item = Prisma.ItemGetPayload<{ select: typeof fields }>;

/** Adds an item; `undefined` if the name is taken. */
export async function insertItem(
  transaction: Transaction,
  item: Omit<Item, 'id'>,
): Promise<Item | undefined> {
  // A violation of the unique index would end the transaction.
  const [inserted] = await transaction.item.createManyAndReturn({
    data: [item],
    skipDuplicates: true,
    select: fields,
  });
  return inserted;
}

/** The first 100 items, by name. */
export function listItems(database: Database): Promise<Item[]> {
  return database.item.findMany({ orderBy: { name: 'asc' }, take: 100, select: fields });
}
