import { nobody } from '@arcadium/mesh/contract';
import { connect } from '@arcadium/mesh/client';
import { serve } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { fromDrizzle } from '@arcadium/postgres/drizzle';
import { createKeyRetention, once } from '@arcadium/postgres/idempotency';
import { Outbox } from '@arcadium/postgres/outbox';
import { servingOf } from '@arcadium/postgres/serving';
import { and, eq, gt, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Pool } from 'pg';
import { mailContract, shopContract, shopSettings, topics } from '../orders/contract.ts';
import { orders, stock } from './tables.ts';

const { DATABASE_URL: databaseUrl, MAIL_URL: mailUrl, PORT: port } = shopSettings.parse(process.env);

const log = createLogger({ service: 'shop' });
const pool = new Pool({ connectionString: databaseUrl });
pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'));

const database = fromDrizzle(drizzle(pool), { sql });
const outbox = new Outbox({ service: 'shop', database, topics });

const service = await serve(
  shopContract,
  {
    orders: {
      place: (call) =>
        once(database, call, async (transaction) => {
          const { item } = call.input;
          const [order] = await transaction.insert(orders).values({ item }).returning();
          if (!order) throw new Error('an insert returned no row');
          await outbox.publish(transaction, { topic: 'order.placed', payload: order });
          const taken = await transaction
            .update(stock)
            .set({ pieces: sql`${stock.pieces} - 1` })
            .where(and(eq(stock.item, item), gt(stock.pieces, 0)))
            .returning();
          // Takes the order and the message back.
          if (taken.length === 0) throw call.errors.SOLD_OUT({ item });
          return order;
        }),
    },
  },
  { ...servingOf(database), version: '1.0.0', port, log, authenticate: () => nobody },
);

const mail = connect(mailContract, { as: 'anyone', url: mailUrl, log });
const relay = outbox.startRelay({
  databaseUrl,
  log,
  deliver: ({ key, payload }, signal) => mail.mails.confirm.mutate({ key, ...payload }, { signal }),
});
const keys = createKeyRetention({ database, log });
keys.start();
service.ready();

async function stop(): Promise<void> {
  await service.stop();
  await Promise.all([relay.stop(), keys.stop()]);
  await mail[Symbol.asyncDispose]();
  await pool.end();
}
process.once('SIGTERM', () => void stop());
