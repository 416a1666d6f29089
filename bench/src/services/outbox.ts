import { randomUUID } from 'node:crypto';
import { createLogger } from '@arcadium/mesh/telemetry';
import { openDatabase } from '@arcadium/postgres/database';
import { createOutboxRelay } from '@arcadium/postgres/outbox';
import { fromPrisma } from '@arcadium/postgres/prisma';
import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import type { createTestDatabase } from '@arcadium/prisma/testing';
import { PrismaClient } from '@arcadium/prisma/wiki';
import pg from 'pg';
import { mostCallers, poolMax, type Workload } from './workloads.ts';

type TestDatabase = Awaited<ReturnType<typeof createTestDatabase>>;

/** Writes a message for a caller's recipient. */
const insert = `INSERT INTO notification_outbox (id, user_ids, topic, title, body, link)
  VALUES ($1, ARRAY[$2::uuid], 'page', 'A page', 'The page that you watch has a new comment.', '/pages/page')`;

// What one would write who has these tables, and needs neither order nor retries.

const claim = `
  WITH claimed AS (
    UPDATE notification_deliveries SET leased_until = now() + interval '1 minute'
    WHERE id IN (
      SELECT id FROM notification_deliveries WHERE failed_at IS NULL AND (leased_until IS NULL OR leased_until <= now())
      ORDER BY due_at, id LIMIT 100 FOR UPDATE SKIP LOCKED
    )
    RETURNING message_id, user_id
  )
  SELECT claimed.message_id, claimed.user_id, topic, title, body, link
  FROM claimed JOIN notification_outbox ON id = claimed.message_id`;

const remove = 'DELETE FROM notification_outbox WHERE id = ANY ($1::uuid[])';

/** Those who wait for the delivery of a message, by its id. */
class Deliveries {
  readonly #waiting = new Map<string, () => void>();

  /** Resolves when the message is delivered. */
  of(id: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** Takes messages, as a receiver would. */
  take(ids: readonly string[]): void {
    for (const id of ids) {
      this.#waiting.get(id)?.();
      this.#waiting.delete(id);
    }
  }
}

/**
 * From the insert of a message to its delivery, by the relay and by hand. The receiver is in this process and does nothing.
 *
 * @param open Makes a database with the schema of the wiki, whose relay does not run: one for each side.
 */
export async function openOutbox(
  open: () => Promise<TestDatabase>,
  owner: AsyncDisposableStack,
): Promise<Workload> {
  const recipients = Array.from({ length: mostCallers }, () => randomUUID());
  const side = async (start: (database: TestDatabase, deliveries: Deliveries) => Promise<pg.Pool>) => {
    const deliveries = new Deliveries();
    const pool = await start(owner.use(await open()), deliveries);
    return async (caller: number): Promise<void> => {
      const id = randomUUID();
      const delivered = deliveries.of(id);
      await pool.query(insert, [id, recipients[caller]]);
      await delivered;
    };
  };
  return {
    name: 'outbox, a message to its delivery',
    callers: mostCallers,
    mesh: await side(async (database, deliveries) => startRelay(database, deliveries, owner)),
    bare: await side(async (database, deliveries) => startByHand(database, deliveries, owner)),
  };
}

/** @returns The pool that the relay shares with the writers, as in a service. */
function startRelay(database: TestDatabase, deliveries: Deliveries, owner: AsyncDisposableStack): pg.Pool {
  const url = database.url('wiki');
  const log = createLogger({ service: 'bench', level: 'error' });
  const opened = openDatabase({ url, schema: 'wiki', client: PrismaClient, log, poolMax });
  owner.defer(() => opened.close());
  const relay = createOutboxRelay({
    service: 'wiki',
    tables: notificationOutbox,
    database: fromPrisma(opened.client, { schema: 'wiki' }),
    databaseUrl: url,
    send: (messages) => {
      deliveries.take(messages.map(({ key }) => key.slice('wiki:'.length)));
      return Promise.resolve({ undelivered: [] });
    },
    log,
  });
  relay.start();
  owner.defer(() => relay.stop());
  return opened.pool;
}

async function startByHand(
  database: TestDatabase,
  deliveries: Deliveries,
  owner: AsyncDisposableStack,
): Promise<pg.Pool> {
  const settings = {
    connectionString: database.url('wiki'),
    options: '-c search_path=wiki,extensions -c timezone=UTC',
  };
  const pool = new pg.Pool({ ...settings, max: poolMax });
  owner.defer(() => pool.end());
  let bell = Promise.withResolvers<void>();
  const stopping = new AbortController();
  const listener = new pg.Client(settings);
  await listener.connect();
  listener.on('notification', () => bell.resolve());
  await listener.query('LISTEN wiki_notification_outbox');
  owner.defer(() => listener.end());
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      bell = Promise.withResolvers();
      const { promise: rung } = bell;
      const { rows } = await pool.query<{ message_id: string }>(claim);
      const ids = rows.map((row) => row.message_id);
      if (ids.length === 0) await rung;
      deliveries.take(ids);
      if (ids.length > 0) await pool.query(remove, [ids]);
    }
  };
  const running = run();
  owner.defer(async () => {
    stopping.abort();
    bell.resolve();
    await running;
  });
  return pool;
}
