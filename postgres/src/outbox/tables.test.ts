import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordingLogger } from '@arcadium/mesh/testing';
import { MeshError } from '@arcadium/mesh/contract';
import { PrismaClient } from '@arcadium/prisma/wiki';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '../database/database.ts';
import { fromPrisma } from '../sql/prisma.ts';
import { createTestDatabase } from '../testing/testing.ts';
import {
  createOutboxHandlers,
  createOutboxRelay,
  createOutboxRetention,
  type OutboxTables,
} from './index.ts';

type OrderEvent = Readonly<{
  topic: 'order' | 'refund';
  orderNumber: number;
  items: readonly { name: string; price: number }[];
  note: string | null;
}>;

const tables: OutboxTables<OrderEvent, 'topic' | 'orderNumber'> = {
  messages: 'Order "events"',
  deliveries: 'order_event_deliveries',
  payload: ['topic', 'orderNumber', 'items', 'note'],
  listed: ['topic', 'orderNumber'],
};

const sqlText = `
CREATE TABLE "Order ""events""" (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_ids uuid[] NOT NULL,
  topic text NOT NULL,
  "orderNumber" int NOT NULL,
  items jsonb NOT NULL,
  note text,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE TABLE order_event_deliveries (
  id bigserial PRIMARY KEY,
  message_id uuid NOT NULL REFERENCES "Order ""events""" (id) ON DELETE CASCADE,
  user_id uuid NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  failures int NOT NULL DEFAULT 0,
  due_at timestamptz(3) NOT NULL DEFAULT now(),
  leased_until timestamptz(3),
  failed_at timestamptz(3),
  last_error text,
  waits_since timestamptz(3) NOT NULL DEFAULT now()
);
CREATE FUNCTION address_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO order_event_deliveries (message_id, user_id)
  SELECT written.id, user_id FROM written, unnest(written.user_ids) AS user_id;
  PERFORM pg_notify('shop_Order "events"', '');
  RETURN NULL;
END
$$;
CREATE TRIGGER address AFTER INSERT ON "Order ""events""" REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION address_events();
`;

/** The database of a service with such an outbox. */
async function openShop() {
  const migrations = mkdtempSync(join(tmpdir(), 'arcadium-shop-'));
  mkdirSync(join(migrations, '1_init'));
  writeFileSync(join(migrations, '1_init/migration.sql'), sqlText);
  const testDatabase = await createTestDatabase([{ name: 'shop', migrations }]);
  const url = testDatabase.url('shop');
  // Only for its raw queries: the models of this client are not used.
  const database = openDatabase({ url, schema: 'shop', client: PrismaClient, log: recordingLogger() });
  onTestFinished(async () => {
    await database.close();
    await testDatabase.drop();
    rmSync(migrations, { recursive: true, force: true });
  });
  const write = (userId: string, { topic, orderNumber, items, note }: OrderEvent) =>
    database.pool.query(
      `INSERT INTO "Order ""events""" (user_ids, topic, "orderNumber", items, note) VALUES ($1, $2, $3, $4, $5)`,
      [[userId], topic, orderNumber, JSON.stringify(items), note],
    );
  const count = async () =>
    (await database.pool.query('SELECT FROM "Order ""events"""')).rowCount ?? Number.NaN;
  const sql = fromPrisma(database.client, { schema: 'shop' });
  return { database: sql, url, write, count };
}

test('an outbox of other tables and another payload is relayed, listed and deleted in the same way', async () => {
  const { database, url, write, count } = await openShop();
  const log = recordingLogger();
  const userId = randomUUID();
  const taken: unknown[] = [];
  const relay = createOutboxRelay<OrderEvent>({
    service: 'shop',
    database,
    tables,
    databaseUrl: url,
    send: async (messages) => {
      if (messages.some(({ topic }) => topic === 'refund')) throw new MeshError('BAD_REQUEST', 'no refunds');
      taken.push(...messages);
      return { undelivered: [] };
    },
    log,
    // Longer than the test lasts: only the notification of the trigger wakes it.
    pollMs: 60_000,
  });
  relay.start();
  onTestFinished(() => relay.stop());
  const order = {
    topic: 'order',
    orderNumber: 7,
    items: [{ name: 'a "cup"', price: 9.5 }],
    note: null,
  } as const;
  await write(userId, order);
  await vi.waitFor(() => expect(taken).toEqual([{ ...order, userId, key: expect.stringMatching(/^shop:/) }]));
  await vi.waitFor(async () => expect(await count()).toBe(0));

  await write(userId, { ...order, topic: 'refund' });
  const handlers = createOutboxHandlers({ database, tables });
  const list = () => handlers.list({ input: { limit: 10 }, log });
  await vi.waitFor(async () =>
    expect(await list()).toMatchObject({
      items: [{ userId, topic: 'refund', orderNumber: 7, error: 'BAD_REQUEST: no refunds' }],
    }),
  );
  const [item] = (await list()).items;
  expect(item).not.toHaveProperty('items');
  const ago = new Date(Date.now() - 91 * 86_400_000);
  await database.execute('UPDATE shop.order_event_deliveries SET failed_at = $1', [ago]);
  await createOutboxRetention({ database, tables, log }).runOnce();
  expect(await count()).toBe(0);
});
