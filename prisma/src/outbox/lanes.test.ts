import { randomUUID } from 'node:crypto';
import { recordingLogger } from '@arcadium/mesh/testing';
import { exposition } from '@arcadium/mesh/telemetry';
import { MeshError } from '@arcadium/mesh/wire';
import { PrismaClient } from '@arcadium/prisma/wiki';
import { openDatabase, type Database } from '@arcadium/prisma/database';
import { createTestDatabase } from '@arcadium/prisma/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createOutboxHandlers, createOutboxRetention } from './given-up.ts';
import {
  createNotificationRelay,
  type NotificationMessage,
  type NotificationRelay,
  type NotificationRelayOptions,
} from './relay.ts';

const [ann, ben, cid] = [randomUUID(), randomUUID(), randomUUID()];

let database: Database<PrismaClient>;
let url: string;
let adminUrl: string;
/** Body and recipient, in the order of sending. */
let sent: [string, string][];
const relays: NotificationRelay[] = [];
const log = recordingLogger();
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const testDatabase = await createTestDatabase(['wiki']);
  url = testDatabase.url('wiki');
  adminUrl = testDatabase.adminUrl;
  database = openDatabase({ url, schema: 'wiki', client: PrismaClient, logger: log });
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

const backoff = { baseMs: 5, maxMs: 20 };

function startRelay(
  send: NotificationRelayOptions['send'],
  options: Partial<NotificationRelayOptions> = {},
): void {
  const relay = createNotificationRelay({
    service: 'wiki',
    database: database.client,
    databaseUrl: url,
    send,
    log,
    backoff,
    pollMs: 60_000,
    ...options,
  });
  relay.start();
  relays.push(relay);
}

const take = ({ body, userIds }: NotificationMessage) => {
  for (const userId of userIds) sent.push([body, userId]);
};
const fault = () => new MeshError('INTERNAL_SERVER_ERROR', 'a fault');

const queue = async (body: string, userIds: string[] = [ann]) => {
  await database.client.notificationOutbox.create({
    data: { body, userIds, topic: 'page', title: 'Title', link: '/' },
  });
};
const bodiesOf = (userId: string) => sent.filter(([, id]) => id === userId).map(([body]) => body);
const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { interval: 10, timeout: 10_000 });
const drained = () =>
  eventually(async () => expect(await database.client.notificationOutbox.count()).toBe(0));
const givenUp = () => database.client.notificationDelivery.count({ where: { failedAt: { not: null } } });

test('a message for several goes to all of them in one call, once each', async () => {
  const calls: string[][] = [];
  startRelay(async (message) => {
    calls.push(message.userIds.toSorted());
    take(message);
  });
  await queue('all', [ann, ben, cid, ann]);
  await drained();
  expect(calls).toEqual([[ann, ben, cid].toSorted()]);
});

test('each recipient gets what was written in that order, by several relays, while calls fail and take their time', async () => {
  const users = Array.from({ length: 20 }, () => randomUUID());
  const wanted = Array.from({ length: 10 }, (_, n) => `number ${n}`);
  let calls = 0;
  const send = async (message: NotificationMessage) => {
    calls += 1;
    if (calls % 7 === 0) throw new MeshError('SERVICE_UNAVAILABLE', 'away');
    if (calls % 5 === 0) throw fault();
    await database.pool.query('SELECT pg_sleep($1)', [(calls % 3) / 200]);
    take(message);
  };
  for (const body of wanted) await queue(body, users);
  for (let n = 0; n < 3; n += 1) startRelay(send, { pollMs: 20 });
  await drained();
  for (const userId of users) expect(bodiesOf(userId)).toEqual(wanted);
});

describe('what hangs', () => {
  test('delays its recipient alone', async () => {
    const release = Promise.withResolvers<void>();
    startRelay(async (message) => {
      if (message.userIds.includes(ann)) await release.promise;
      take(message);
    });
    for (let n = 0; n < 20; n += 1) for (const userId of [ann, ben]) await queue(`${n}`, [userId]);
    await eventually(() => expect(bodiesOf(ben)).toHaveLength(20));
    expect(bodiesOf(ann)).toEqual([]);
    release.resolve();
    await drained();
    expect(bodiesOf(ann)).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
  });

  test('is called off and begun again when later ones get through', async () => {
    let hanging = true;
    startRelay(async (message, signal) => {
      if (message.body === 'first' && hanging) {
        hanging = false;
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('called off'))),
        );
      }
      take(message);
    });
    await queue('first', [ann]);
    await queue('second', [ann]);
    for (let n = 0; bodiesOf(ann).length < 2; n += 1) {
      await queue(`other ${n}`, [randomUUID()]);
      await database.pool.query('SELECT pg_sleep(0.05)');
      expect(n).toBeLessThan(200);
    }
    expect(bodiesOf(ann)).toEqual(['first', 'second']);
  });

  test('a row of the outbox that another session holds holds nobody else up', async () => {
    await queue('held', [ann]);
    const other = new pg.Client({ connectionString: adminUrl });
    await other.connect();
    await other.query('BEGIN');
    await other.query('SELECT FROM wiki.notification_deliveries FOR UPDATE');
    startRelay(async (message) => take(message), { pollMs: 20 });
    await queue('free', [ben]);
    await eventually(() => expect(bodiesOf(ben)).toEqual(['free']));
    expect(bodiesOf(ann)).toEqual([]);
    await other.query('ROLLBACK');
    await other.end();
    await drained();
    expect(bodiesOf(ann)).toEqual(['held']);
  });
});

describe('one recipient of many', () => {
  test.each(['busy', 'failed'] as const)('who is %s is sent to again, alone', async (reason) => {
    const calls: string[][] = [];
    let troubled = 3;
    startRelay(async (message) => {
      calls.push(message.userIds);
      const failing = message.userIds.includes(ann) && (troubled -= 1) >= 0;
      const userIds = failing ? message.userIds.filter((id) => id !== ann) : message.userIds;
      take({ ...message, userIds });
      return failing ? { undelivered: [{ userId: ann, reason }] } : {};
    });
    await queue('all', [ann, ben, cid]);
    await queue('next', [ann, ben]);
    await drained();
    expect(bodiesOf(ann)).toEqual(['all', 'next']);
    expect(bodiesOf(ben)).toEqual(['all', 'next']);
    expect(calls.filter((userIds) => userIds.includes(ann)).map(({ length }) => length)).toEqual([
      3, 1, 1, 1, 1,
    ]);
  });

  test('a fault that is not said to be one recipient’s is found by sending to each alone', async () => {
    startRelay(
      async (message) => {
        if (message.userIds.includes(ann)) throw fault();
        take(message);
      },
      { maxFailures: 3 },
    );
    await queue('all', [ann, ben, cid]);
    await eventually(async () => expect(await givenUp()).toBe(1));
    expect(sent.map(([, userId]) => userId).toSorted()).toEqual([ben, cid].toSorted());
  });
});

describe('giving up', () => {
  const reasonCount = async (reason: string) => {
    const { text } = await exposition();
    const line = text
      .split('\n')
      .find((one) => one.startsWith('outbox_given_up_total') && one.includes(reason));
    return Number(line?.split(' ').at(-1) ?? 0);
  };

  test('after so many failures of its own: said once, counted, and the next one follows', async () => {
    const before = await reasonCount('reason="failures"');
    startRelay(
      async (message) => {
        if (message.body === 'bad') throw fault();
        take(message);
      },
      { maxFailures: 4 },
    );
    await queue('bad');
    await queue('good');
    await eventually(() => expect(bodiesOf(ann)).toEqual(['good']));
    const [row] = await database.client.notificationDelivery.findMany();
    expect(row).toMatchObject({ failures: 4, lastError: 'INTERNAL_SERVER_ERROR: a fault' });
    const said = log.lines.filter(({ level }) => level === 'error');
    expect(said).toMatchObject([{ fields: { notice_id: row?.messageId, user_id: ann, reason: 'failures' } }]);
    expect(await reasonCount('reason="failures"')).toBe(before + 1);
  });

  test.each(['away', 'busy'])(
    'not because the service or the recipient is %s, however often',
    async (what) => {
      let tries = 0;
      startRelay(
        async (message) => {
          if ((tries += 1) > 12) return take(message);
          if (what === 'away') throw new MeshError('SERVICE_UNAVAILABLE', 'away');
          return { undelivered: [{ userId: ann, reason: 'busy' }] };
        },
        { maxFailures: 2 },
      );
      await queue('patient');
      await drained();
      expect(bodiesOf(ann)).toEqual(['patient']);
    },
  );

  test('after so long, whatever it fails with, and not before it was tried', async () => {
    await queue('old');
    await queue('old as well', [ben]);
    await queue('young', [cid]);
    await database.client.notificationDelivery.updateMany({
      where: { userId: { in: [ann, ben] } },
      data: { waitsSince: new Date(Date.now() - 8 * 86_400_000) },
    });
    startRelay(async (message) => {
      if (message.userIds.includes(ben)) return take(message);
      throw new MeshError('SERVICE_UNAVAILABLE', 'away');
    });
    await eventually(async () => expect(await givenUp()).toBe(1));
    await eventually(() => expect(bodiesOf(ben)).toEqual(['old as well']));
    expect(await database.client.notificationDelivery.findFirst({ where: { userId: cid } })).toMatchObject({
      failedAt: null,
    });
    expect(log.lines.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { reason: 'age' } }]);
  });

  test('what was given up is listed, retried in its place, dropped, and deleted after its time', async () => {
    const handlers = createOutboxHandlers(database.client);
    let failing = true;
    startRelay(
      async (message) => {
        if (failing) throw fault();
        take(message);
      },
      { maxFailures: 1, pollMs: 20 },
    );
    for (const body of ['one', 'two', 'three', 'four']) await queue(body);
    await eventually(async () => expect(await givenUp()).toBe(4));
    const first = await handlers.list({ input: { limit: 3 }, log });
    expect(first.items).toHaveLength(3);
    expect(first.items[0]).toMatchObject({ userId: ann, topic: 'page', failures: 1 });
    const rest = await handlers.list({ input: { limit: 3, cursor: first.nextCursor ?? '' }, log });
    expect(rest.nextCursor).toBeNull();
    const ids = [...first.items, ...rest.items].map(({ id }) => id).toReversed();
    expect(ids.map(Number)).toEqual(ids.map(Number).toSorted((a, b) => a - b));

    failing = false;
    const [one = '', two = '', three = '', four = ''] = ids;
    expect(await handlers.drop({ input: { ids: [two, two, '999999'] }, log })).toEqual({ changed: 1 });
    expect(await handlers.retry({ input: { ids: [three, one] }, log })).toEqual({ changed: 2 });
    await eventually(() => expect(bodiesOf(ann)).toEqual(['one', 'three']));
    expect(await handlers.retry({ input: { ids: [one, two] }, log })).toEqual({ changed: 0 });

    const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const retention = createOutboxRetention({ database: database.client, logger, keepDays: 90 });
    expect(await retention.runOnce()).toBe(0);
    await database.client.notificationDelivery.update({
      where: { id: BigInt(four) },
      data: { failedAt: new Date(Date.now() - 91 * 86_400_000) },
    });
    expect(await retention.runOnce()).toBe(1);
    expect(await database.client.notificationOutbox.count()).toBe(0);
  });
});
