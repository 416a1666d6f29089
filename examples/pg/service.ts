import { nobody } from '@arcadium/mesh/contract';
import { connect } from '@arcadium/mesh/client';
import { serve } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { createKeyRetention, once } from '@arcadium/postgres/idempotency';
import { Outbox } from '@arcadium/postgres/outbox';
import { fromPg } from '@arcadium/postgres/pg';
import { servingOf } from '@arcadium/postgres/serving';
import { Pool } from 'pg';
import { mailContract, shopContract, shopSettings, topics } from '../orders/contract.ts';

const { DATABASE_URL: databaseUrl, MAIL_URL: mailUrl, PORT: port } = shopSettings.parse(process.env);

const log = createLogger({ service: 'shop' });
const pool = new Pool({ connectionString: databaseUrl });
pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'));

const database = fromPg(pool);
const outbox = new Outbox({ service: 'shop', database, topics });

const service = await serve(
  shopContract,
  {
    orders: {
      place: (call) =>
        once(database, call, async (client) => {
          const { item } = call.input;
          const { rows } = await client.query<{ id: string }>(
            'INSERT INTO orders (item) VALUES ($1) RETURNING id',
            [item],
          );
          const order = { id: rows[0]?.id ?? '', item };
          await outbox.publish(client, { topic: 'order.placed', payload: order });
          const { rowCount } = await client.query(
            'UPDATE stock SET pieces = pieces - 1 WHERE item = $1 AND pieces > 0',
            [item],
          );
          // Takes the order and the message back.
          if (rowCount === 0) throw call.errors.SOLD_OUT({ item });
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
