import { nobody } from '@arcadium/mesh/contract';
import { connect } from '@arcadium/mesh/client';
import { serve } from '@arcadium/mesh/server';
import { createLogger } from '@arcadium/mesh/telemetry';
import { createKeyRetention, once } from '@arcadium/postgres/idempotency';
import { Outbox } from '@arcadium/postgres/outbox';
import { fromPrisma } from '@arcadium/postgres/prisma';
import { servingOf } from '@arcadium/postgres/serving';
import { PrismaPg } from '@prisma/adapter-pg';
import { mailContract, shopContract, shopSettings, topics } from '../orders/contract.ts';
import { PrismaClient } from './generated/client.ts';

const { DATABASE_URL: databaseUrl, MAIL_URL: mailUrl, PORT: port } = shopSettings.parse(process.env);

const log = createLogger({ service: 'shop' });
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) });

const database = fromPrisma(prisma);
const outbox = new Outbox({ service: 'shop', database, topics });

const service = await serve(
  shopContract,
  {
    orders: {
      place: (call) =>
        once(database, call, async (transaction) => {
          const { item } = call.input;
          const order = await transaction.order.create({ data: { item } });
          await outbox.publish(transaction, { topic: 'order.placed', payload: order });
          const { count } = await transaction.stock.updateMany({
            where: { item, pieces: { gt: 0 } },
            data: { pieces: { decrement: 1 } },
          });
          // Takes the order and the message back.
          if (count === 0) throw call.errors.SOLD_OUT({ item });
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
  await prisma.$disconnect();
}
process.once('SIGTERM', () => void stop());
