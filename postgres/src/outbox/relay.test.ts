import { randomUUID } from 'node:crypto';
import { recordingLogger } from '@arcadium/mesh/testing';
import { MeshError } from '@arcadium/mesh/contract';
import { PrismaClient } from '@arcadium/prisma/auth';
import { notificationOutbox, type QueuedNotification } from '@arcadium/prisma/notification-outbox';
import { createTestDatabase } from '@arcadium/prisma/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDatabase, type Database } from '../database/database.ts';
import { fromPrisma } from '../sql/prisma.ts';
import { claimDeliveries, removeDeliveries } from './claims.ts';
import { createOutboxRelay, type OutboxMessage, type OutboxRelay, type OutboxRelayOptions } from './index.ts';

const ann = randomUUID();
const unreachable = () => new MeshError('SERVICE_UNAVAILABLE', 'away');

let database: Database<PrismaClient>;
let url: string;
let sent: OutboxMessage<QueuedNotification>[];
const relays: OutboxRelay[] = [];
const log = recordingLogger();
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const testDatabase = await createTestDatabase(['auth']);
  url = testDatabase.url('auth');
  database = openDatabase({ url, schema: 'auth', client: PrismaClient, log });
  cleanups.push(
    () => database.close(),
    () => testDatabase.drop(),
  );
});
afterAll(async () => {
  for (const cleanUp of cleanups) await cleanUp();
});
beforeEach(() => {
  sent = [];
  log.lines.length = 0;
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
  await database.client.notificationOutbox.deleteMany();
});

type Options = Omit<Partial<OutboxRelayOptions<QueuedNotification>>, 'send'> & {
  /** Takes one message; what it fails with, the call fails with. */
  send?: (message: OutboxMessage<QueuedNotification>) => Promise<void>;
};

/** A relay that polls so seldom that a test would end before, unless it says otherwise. */
function startRelay({
  send = async (message) => void sent.push(message),
  ...options
}: Options = {}): OutboxRelay {
  const relay = createOutboxRelay<QueuedNotification>({
    tables: notificationOutbox,
    service: 'auth',
    database: fromPrisma(database.client, { schema: 'auth' }),
    databaseUrl: url,
    send: async (messages) => {
      await Promise.all(messages.map(send));
      return { undelivered: [] };
    },
    log,
    pollMs: 60_000,
    ...options,
  });
  relay.start();
  relays.push(relay);
  return relay;
}

const queue = (body: string, userIds = [ann]) =>
  database.client.notificationOutbox.create({
    data: { body, userIds, topic: 'security', title: 'Title', link: '/' },
  });
const outbox = () => ({
  database: fromPrisma(database.client, { schema: 'auth' }),
  tables: notificationOutbox,
});
const claim = (leaseMs: number) => claimDeliveries(outbox(), { limit: 10, leaseMs, now: new Date() });
const left = () => database.client.notificationOutbox.count();
const bodies = () => sent.map(({ body }) => body);
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { interval: 10 });
const drained = () => eventually(async () => expect(await left()).toBe(0));

test('a message leaves the outbox as it was written, with the key of its row', async () => {
  startRelay();
  const { id } = await queue('Hello.');
  await drained();
  const message = { userId: ann, topic: 'security', title: 'Title', body: 'Hello.', link: '/' };
  expect(sent).toEqual([{ key: `auth:${id}`, ...message }]);
});

test('what was written before the relay started is delivered', async () => {
  await queue('early');
  startRelay();
  await drained();
  expect(bodies()).toEqual(['early']);
});

test('a message that was written while the database’s clock was two hours ahead is delivered at once', async () => {
  const ahead = new Date(Date.now() + 7_200_000);
  await queue('due later');
  await queue('claimed by one that died');
  await database.client.notificationDelivery.updateMany({ data: { dueAt: ahead } });
  await database.client.notificationDelivery.updateMany({
    where: { message: { body: 'claimed by one that died' } },
    data: { leasedUntil: ahead },
  });
  startRelay();
  await drained();
  expect(bodies().toSorted()).toEqual(['claimed by one that died', 'due later']);
});

describe('being woken', () => {
  test('PostgreSQL says when there is something, long before the next poll', async () => {
    startRelay();
    for (const body of ['one', 'two', 'three']) {
      await queue(body);
      await eventually(() => expect(bodies()).toContain(body));
    }
  });

  test('a lost connection is made again, and what was missed is delivered', async () => {
    startRelay();
    await queue('before');
    await drained();
    const listeners = `FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`;
    await eventually(async () => {
      const { rowCount } = await database.pool.query(`SELECT pg_terminate_backend(pid) ${listeners}`);
      expect(rowCount).toBe(1);
    });
    await queue('after');
    await drained();
    expect(bodies()).toEqual(['before', 'after']);
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringContaining('the LISTEN connection was lost'),
      }),
    );
  });

  test('without any announcement, polling finds it', async () => {
    startRelay({ databaseUrl: 'postgres://nobody@127.0.0.1:1/nothing', pollMs: 20 });
    await queue('polled');
    await drained();
    expect(bodies()).toEqual(['polled']);
  });
});

describe('while the notification service is away', () => {
  test('messages are tried again until they get through', async () => {
    let failures = 3;
    const send = async (message: OutboxMessage<QueuedNotification>) => {
      if ((failures -= 1) >= 0) throw unreachable();
      sent.push(message);
    };
    startRelay({ send, backoff: { baseMs: 5, maxMs: 20 } });
    await queue('stubborn');
    await drained();
    expect(bodies()).toEqual(['stubborn']);
    expect(log.lines.map(({ level, fields }) => [level, fields['attempt'], fields['error']])).toEqual([
      ['warn', 1, 'SERVICE_UNAVAILABLE: away'],
      ['debug', 2, 'SERVICE_UNAVAILABLE: away'],
      ['debug', 3, 'SERVICE_UNAVAILABLE: away'],
    ]);
  });

  test('the first that gets through brings all that wait with it', async () => {
    let away = true;
    const tried = new Set<string>();
    const send = async (message: OutboxMessage<QueuedNotification>) => {
      tried.add(message.body);
      if (away) throw unreachable();
      sent.push(message);
    };
    // Longer than the test lasts: none of them comes back by itself.
    startRelay({ send, backoff: { baseMs: 600_000, maxMs: 600_000 } });
    for (const body of ['one', 'two', 'three']) await queue(body, [randomUUID()]);
    await eventually(async () => {
      expect(await database.client.notificationDelivery.count({ where: { lastError: { not: null } } })).toBe(
        3,
      );
    });
    away = false;
    await queue('four');
    await drained();
    expect(bodies().toSorted()).toEqual(['four', 'one', 'three', 'two']);
  });

  test('what is queued is not delayed by a send that never ends, and is sent again', async () => {
    let hanging = 1;
    const send = (message: OutboxMessage<QueuedNotification>) => {
      if ((hanging -= 1) >= 0) return new Promise<void>(() => {});
      sent.push(message);
      return Promise.resolve();
    };
    startRelay({ send, sendTimeoutMs: 50, backoff: { baseMs: 5, maxMs: 5 } });
    expect(await queue('patient')).toMatchObject({ body: 'patient' });
    await drained();
    expect(bodies()).toEqual(['patient']);
  });
});

test.each([
  { code: 'BAD_REQUEST' },
  { code: 'FORBIDDEN', error: { name: 'FOREIGN_TOPIC', data: { topic: 'page', sender: 'auth' } } },
])(
  'what is refused for good is set aside with its reason, said once, and holds nothing up: %o',
  async (data) => {
    const send = async (message: OutboxMessage<QueuedNotification>) => {
      if (message.body === 'bad') throw Object.assign(new Error('no such thing'), { data });
      sent.push(message);
    };
    startRelay({ send, pollMs: 10 });
    await queue('bad');
    await queue('good');
    const parked = {
      message: { body: 'bad' },
      attempts: 1,
      lastError: `${data.code}: no such thing`,
      failedAt: expect.any(Date),
    };
    await eventually(async () =>
      expect(
        await database.client.notificationDelivery.findMany({ include: { message: true } }),
      ).toMatchObject([parked]),
    );
    await queue('another');
    await eventually(() => expect(bodies()).toEqual(['good', 'another']));
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(await claim(1)).toEqual([]);
  },
);

test('several relays share the work: each message is sent once', async () => {
  const wanted = Array.from({ length: 200 }, (_, n) => `message ${n}`);
  await database.client.notificationOutbox.createMany({
    data: wanted.map((body) => ({
      body,
      userIds: [randomUUID()],
      topic: 'security',
      title: 't',
      link: '/',
    })),
  });
  const byRelay = [0, 0, 0];
  for (const index of byRelay.keys()) {
    startRelay({
      batch: 10,
      send: async (message) => {
        sent.push(message);
        byRelay[index] = (byRelay[index] ?? 0) + 1;
        await database.pool.query('SELECT 1');
      },
    });
  }
  await drained();
  expect(bodies().toSorted()).toEqual(wanted.toSorted());
  expect(Math.min(...byRelay)).toBeGreaterThan(0);
});

test('what another session holds for a moment is removed when it lets go', async () => {
  await queue('held');
  const claimed = await claim(60_000);
  const other = await database.pool.connect();
  await other.query('BEGIN');
  await other.query('SELECT FROM notification_deliveries FOR UPDATE');
  const sql = fromPrisma(database.client, { schema: 'auth' });
  const counts: number[] = [];
  await removeDeliveries(
    {
      tables: notificationOutbox,
      database: {
        ...sql,
        execute: async (text, values) => {
          const count = await sql.execute(text, values);
          // The first attempt has found it held.
          if (counts.push(count) === 1) await other.query('ROLLBACK');
          return count;
        },
      },
    },
    claimed,
  );
  other.release();
  expect(counts).toEqual([0, 1, 1]);
  expect(await left()).toBe(0);
});

describe('a process that dies between claim and delivery', () => {
  test('its messages are delivered by another once the lease has ended, and not before', async () => {
    await queue('inherited');
    const [claimed] = await claim(500);
    expect(claimed).toMatchObject({ payload: { body: 'inherited' }, attempts: 1 });
    const held = await database.client.notificationDelivery.findFirstOrThrow();
    expect(await claim(500)).toEqual([]);
    let deliveredAt: Date | undefined;
    const send = async (message: OutboxMessage<QueuedNotification>) => {
      // The database's clock, since it also decides about the lease.
      deliveredAt ??= (await database.pool.query<{ now: Date }>('SELECT clock_timestamp() AS now')).rows[0]
        ?.now;
      sent.push(message);
    };
    startRelay({ send, pollMs: 10 });
    await drained();
    expect(bodies()).toEqual(['inherited']);
    expect(sent[0]?.key).toBe(`auth:${claimed?.messageId}`);
    expect(deliveredAt?.getTime()).toBeGreaterThanOrEqual(held.leasedUntil?.getTime() ?? Infinity);
  });

  test('a failure that comes in after the lease does not disturb its new holder', async () => {
    const started = Promise.withResolvers<void>();
    const slow = Promise.withResolvers<never>();
    const send = () => {
      started.resolve();
      return slow.promise;
    };
    startRelay({ send, leaseMs: 1 });
    await queue('late');
    await started.promise;
    await eventually(async () => {
      expect(await claim(60_000)).toMatchObject([{ attempts: 2 }]);
    });
    slow.reject(unreachable());
    await eventually(() => expect(log.lines).toHaveLength(1));
    expect(await database.client.notificationDelivery.findFirst()).toMatchObject({
      attempts: 2,
      lastError: null,
      leasedUntil: expect.any(Date),
    });
  });
});

test('stop waits for what is being sent, and nothing is sent afterwards', async () => {
  const sending = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const relay = startRelay({
    send: async (message) => {
      started.resolve();
      await sending.promise;
      sent.push(message);
    },
  });
  await queue('last');
  await started.promise;
  let stopped = false;
  const stopping = relay.stop().then(() => (stopped = true));
  await database.pool.query('SELECT 1');
  expect(stopped).toBe(false);
  sending.resolve();
  await stopping;
  expect(bodies()).toEqual(['last']);
  expect(await left()).toBe(0);
  await queue('too late');
  const { rows } = await database.pool.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
  );
  expect(rows).toEqual([]);
  expect(await left()).toBe(1);
});
