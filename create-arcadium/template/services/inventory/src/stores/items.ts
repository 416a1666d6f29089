import type { Pool, PoolClient } from 'pg';

/** Connections to the database of this service. */
export type Database = Pool;

/** The one of them that a transaction is on. */
export type Transaction = PoolClient;

/** A row of the table `items`. */
export interface Item {
  id: string;
  name: string;
  quantity: number;
}

/** Adds an item; `undefined` if the name is taken. */
export async function insertItem(
  transaction: Transaction,
  { name, quantity }: Omit<Item, 'id'>,
): Promise<Item | undefined> {
  const { rows } = await transaction.query<Item>(
    `INSERT INTO inventory.items (name, quantity) VALUES ($1, $2)
     ON CONFLICT (name) DO NOTHING RETURNING id, name, quantity`,
    [name, quantity],
  );
  return rows[0];
}

/** An item, if there is one with this id. */
export async function findItem(database: Database, id: string): Promise<Item | undefined> {
  const { rows } = await database.query<Item>(
    'SELECT id, name, quantity FROM inventory.items WHERE id = $1',
    [id],
  );
  return rows[0];
}

/** The first 100 items, by name. */
export async function listItems(database: Database): Promise<Item[]> {
  const { rows } = await database.query<Item>(
    'SELECT id, name, quantity FROM inventory.items ORDER BY name LIMIT 100',
  );
  return rows;
}
