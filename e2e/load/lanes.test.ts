import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { notificationContractFor } from '@arcadium/contracts/notification';
import { connect } from '@arcadium/mesh/client';
import { recordingLogger } from '@arcadium/mesh/testing';
import { openDatabase } from '@arcadium/postgres/database';
import { createOutboxRelay } from '@arcadium/postgres/outbox';
import { fromPrisma } from '@arcadium/postgres/prisma';
import { notificationOutbox, type QueuedNotification } from '@arcadium/prisma/notification-outbox';
import { PrismaClient } from '@arcadium/prisma/wiki';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { copyDatabase } from '../src/database.ts';
import { quantile } from '../src/load/quantile.ts';
import { prepareMesh, until, type TestMesh } from '../src/mesh.ts';

// 2,000 different messages for 200 recipients, one of whom is locked and one of whom always fails, from the wiki's outbox
// through its relay to a notification service in a separate process. Most have one recipient, like an answer to a comment,
// and some have ten, like a change of a watched page.

const messages = 2000;
const recipients = 200;
const longestMs = 1000;

let mesh: TestMesh;
let database: ReturnType<typeof openWikiDatabase>;
let admin: pg.Client;
let locker: pg.Client;
const log = recordingLogger();
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  mesh = await prepareMesh({}, await copyDatabase(['notification', 'wiki']));
  cleanups.push(() => mesh[Symbol.asyncDispose]());
  await startNotification();
  database = openWikiDatabase();
  cleanups.push(() => database.close());
  admin = await session();
  locker = await session();
  const client = connect(notificationContractFor<'wiki'>(), {
    as: 'wiki',
    url: mesh.url('notification'),
    token: mesh.environment('wiki')['SERVICE_TOKEN'] ?? '',
    log,
  });
  cleanups.push(() => client[Symbol.asyncDispose]());
  const relay = createOutboxRelay<QueuedNotification<'page'>>({
    service: 'wiki',
    tables: notificationOutbox,
    database: fromPrisma(database.client, { schema: 'wiki' }),
    databaseUrl: mesh.database.url('wiki'),
    send: (batch, signal) => client.notifications.sendBatch.mutate({ messages: batch }, { signal }),
    log,
    maxFailures: 2,
    backoff: { baseMs: 300, maxMs: 1000 },
  });
  relay.start();
  cleanups.push(() => relay.stop());
});
afterAll(async () => {
  for (const cleanUp of cleanups.toReversed()) await cleanUp();
});

afterEach(() => locker.query('ROLLBACK'));

function openWikiDatabase() {
  return openDatabase({ url: mesh.database.url('wiki'), schema: 'wiki', client: PrismaClient, log });
}

async function session(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: mesh.database.adminUrl });
  await client.connect();
  cleanups.push(() => client.end());
  return client;
}

async function startNotification(): Promise<void> {
  mesh.start('notification');
  await until(
    async () => (await fetch(`${mesh.url('notification')}/readyz`).catch(() => undefined))?.ok === true,
    'notification is ready',
    () => mesh.process('notification').output(),
  );
}

/** The messages of a run, and what happened to them. */
class Run {
  readonly userIds = Array.from({ length: recipients }, () => randomUUID());
  readonly locked = this.userIds[0] ?? '';
  readonly failing = this.userIds[1] ?? '';
  /** When each message was written, and for whom, by id. */
  readonly written = new Map<string, { userIds: readonly string[]; at: number }>();
  /** From a kill to the first message that arrived afterwards. */
  readonly outages: { from: number; to: number }[] = [];

  /** Locks the row of the first message for one recipient, and makes inserts for another one fail. */
  async begin(): Promise<void> {
    // Before the lock, because creating a trigger needs the table exclusively.
    await admin.query(`
      CREATE OR REPLACE FUNCTION notification.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.user_id = '${this.failing}' THEN RAISE EXCEPTION 'a fault'; END IF;
        RETURN NEW;
      END $$;
      CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON notification.notifications
        FOR EACH ROW EXECUTE FUNCTION notification.refuse()`);
    await locker.query('BEGIN');
    const id = randomUUID();
    await locker.query(
      `INSERT INTO notification.notifications (id, user_id, sender, key, fingerprint, topic, title, body)
       VALUES (uuidv7(), $1, 'wiki', $2, '', 'page', 'T', 'B')`,
      [this.locked, `wiki:${id}`],
    );
    await this.#insert(id, [this.locked]);
  }

  async writeAll(everyMs: number): Promise<void> {
    for (let n = 0; n < messages; n += 1) {
      const audience = n % 100 === 0 ? 10 : 1;
      const stride = 1 + (n % 19);
      const userIds = Array.from(
        { length: audience },
        (_, k) => this.userIds[(n + k * stride) % recipients] ?? '',
      );
      await this.#insert(randomUUID(), userIds);
      await delay(everyMs);
    }
  }

  async #insert(id: string, userIds: string[]): Promise<void> {
    await database.client.notificationOutbox.create({
      data: { id, userIds, topic: 'page', title: 'Title', body: id, link: '/pages/page' },
    });
    this.written.set(id, { userIds, at: Date.now() });
  }

  /** What a recipient was sent, in the order of writing. */
  sentTo(userId: string): string[] {
    return [...this.written].filter(([, { userIds }]) => userIds.includes(userId)).map(([id]) => id);
  }

  async arrived(): Promise<{ id: string; userId: string; at: number }[]> {
    const { rows } = await admin.query<{ body: string; user_id: string; created_at: Date }>(
      `SELECT body, user_id, created_at FROM notification.notifications
       WHERE user_id = ANY ($1) ORDER BY created_at, notifications.id`,
      [this.userIds],
    );
    return rows.map((row) => ({ id: row.body, userId: row.user_id, at: row.created_at.getTime() }));
  }

  /** Kills the notification service, starts it again, and waits until messages arrive again. */
  async kill(): Promise<void> {
    const from = Date.now();
    mesh.process('notification').signal('SIGKILL');
    await mesh.process('notification').ended;
    const killedAt = new Date();
    await startNotification();
    let arrivedAt: Date | null = null;
    await until(async () => {
      const { rows } = await admin.query<{ at: Date | null }>(
        'SELECT min(created_at) AS at FROM notification.notifications WHERE created_at > $1',
        [killedAt],
      );
      arrivedAt = rows[0]?.at ?? null;
      return arrivedAt !== null;
    }, 'messages arrive again');
    this.outages.push({ from, to: Number(arrivedAt) });
  }

  /**
   * Delivery times of messages for the other recipients, in milliseconds, without the time that the service
   * was down.
   */
  async latencies(): Promise<number[]> {
    const arrived = await this.arrived();
    return arrived.map(({ id, at }) => {
      const writtenAt = this.written.get(id)?.at ?? NaN;
      const away = this.outages.map(({ from, to }) =>
        Math.max(0, Math.min(to, at) - Math.max(from, writtenAt)),
      );
      return away.reduce((rest, ms) => rest - ms, at - writtenAt);
    });
  }
}

const left = (userIds: readonly string[]) =>
  database.client.notificationDelivery.count({ where: { userId: { in: [...userIds] }, failedAt: null } });

/** @param everyMs Wait between two messages, in milliseconds. */
async function watchRun(everyMs: number, during: (run: Run) => Promise<void>): Promise<void> {
  const run = new Run();
  await run.begin();
  await Promise.all([run.writeAll(everyMs), during(run)]);
  const others = run.userIds.filter((userId) => ![run.locked, run.failing].includes(userId));
  await until(async () => (await left(others)) === 0, 'all others have theirs');

  const latencies = await run.latencies();
  expect(latencies).toHaveLength(others.flatMap((userId) => run.sentTo(userId)).length);
  expect(quantile(latencies, 0.99), `half within ${quantile(latencies, 0.5)} ms`).toBeLessThan(longestMs);

  // The locked recipient gets nothing while the lock is held, and then everything.
  expect((await run.arrived()).filter(({ userId }) => userId === run.locked)).toEqual([]);
  await locker.query('ROLLBACK');
  await until(async () => (await left(run.userIds)) === 0, 'nothing is left');

  const arrived = await run.arrived();
  for (const userId of run.userIds) {
    const bodies = arrived.filter((one) => one.userId === userId).map(({ id }) => id);
    expect(bodies).toEqual(userId === run.failing ? [] : run.sentTo(userId));
  }
  // Deliveries to the failing recipient are given up, with one log line each.
  const givenUp = await database.client.notificationDelivery.findMany({
    where: { userId: run.failing },
    orderBy: { id: 'asc' },
  });
  expect(givenUp.map(({ messageId }) => messageId)).toEqual(run.sentTo(run.failing));
  const said = log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['message_id']);
  expect(said.filter((id) => run.written.has(String(id))).toSorted()).toEqual(
    run.sentTo(run.failing).toSorted(),
  );
}

test('one recipient that is locked and one that always fails delay nobody else', async () => {
  await watchRun(4, async () => {});
  // They do not open the breaker for the others either.
  expect(log.lines.filter(({ message }) => message.includes('keeps failing'))).toEqual([]);
});

test('the same while the notification service is killed three times', async () => {
  await watchRun(15, async (run) => {
    for (let n = 0; n < 3; n += 1) {
      await delay(3000);
      await run.kill();
    }
    expect(run.outages).toHaveLength(3);
  });
});
