import { integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';

export const orders = pgTable('orders', {
  id: uuid().primaryKey().defaultRandom(),
  item: text().notNull(),
});

export const stock = pgTable('stock', {
  item: text().primaryKey(),
  pieces: integer().notNull(),
});
