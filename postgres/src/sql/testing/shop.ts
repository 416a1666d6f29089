import { randomUUID } from 'node:crypto';

import { escapeIdentifier, Pool } from 'pg';

import { migrateTables } from '../../tables/migrate-tables.ts';
import { createTestDatabase, withClient } from '../../testing/testing.ts';
import { fromPg } from '../pg.ts';

/** A database that is not of this repository: a table of its own, and the tables of this package beside it. */
export async function openShop() {
  const owner = await createTestDatabase([]);
  const url = new URL(owner.adminUrl);
  // It owns nothing, and has the rights that `grantTo` gives and those on its orders.
  const role = `test_shop_${randomUUID().slice(0, 8)}`;
  await withClient(owner.adminUrl, undefined, async (admin) => {
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'for tests'`);
    await admin.query(
      'CREATE TABLE orders (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), item text NOT NULL)',
    );
    await admin.query(`GRANT CONNECT ON DATABASE ${escapeIdentifier(url.pathname.slice(1))} TO ${role}`);
    await admin.query(`GRANT SELECT, INSERT, DELETE ON orders TO ${role}`);
  });
  await migrateTables({ url: owner.adminUrl, schema: 'mesh tables', grantTo: role });
  url.username = role;
  url.password = 'for tests';
  const open = () => {
    const pool = new Pool({ connectionString: url.href, max: 10 });
    return { pool, database: fromPg(pool, { schema: 'mesh tables' }) };
  };
  const { pool, database } = open();
  const pools = [pool];
  const rows = async (table: string) => (await pool.query(`SELECT FROM ${table}`)).rowCount ?? Number.NaN;
  return {
    url: url.href,
    adminUrl: owner.adminUrl,
    pool,
    database,
    /** The same as another replica has it. */
    open: () => {
      const other = open();
      pools.push(other.pool);
      return other;
    },
    /** The number of orders, keys and messages. */
    counts: async () => ({
      orders: await rows('orders'),
      keys: await rows('"mesh tables".idempotency_keys'),
      messages: await rows('"mesh tables".outbox_messages'),
    }),
    empty: () =>
      withClient(owner.adminUrl, undefined, (admin) =>
        admin.query('TRUNCATE orders, "mesh tables".idempotency_keys, "mesh tables".outbox_messages CASCADE'),
      ),
    close: async () => {
      await Promise.all(pools.map((one) => one.end()));
      await withClient(owner.adminUrl, undefined, (admin) =>
        admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`),
      );
      await owner.drop();
    },
  };
}

/** The same as its tests have it. */
export type Shop = Awaited<ReturnType<typeof openShop>>;
