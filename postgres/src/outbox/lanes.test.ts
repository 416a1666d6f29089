import { randomUUID } from 'node:crypto';
import { exposition } from '@arcadium/mesh/telemetry';
import { recordingLogger } from '@arcadium/mesh/testing';
import { MeshError } from '@arcadium/mesh/contract';
import { notificationOutbox, type QueuedNotification } from '@arcadium/prisma/notification-outbox';
import { createTestDatabase } from '@arcadium/prisma/testing';
import { PrismaClient } from '@arcadium/prisma/wiki';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDatabase, type Database } from '../database/database.ts';
import { fromPrisma } from '../sql/prisma.ts';
import { createOutboxHandlers, createOutboxRetention } from './given-up.ts';
import {
  createOutboxRelay,
  type OutboxMessage,
  type OutboxRelay,
  type OutboxRelayOptions,
  type OutboxSender,
} from './index.ts';

const [ann, ben, cid] = [randomUUID(), randomUUID(), randomUUID()];

let database: Database<PrismaClient>;
let url: string;
let adminUrl: string;
/** Body and recipient, in the order of sending. */
let sent: [string, string][];
const relays: OutboxRelay[] = [];
const log = recordingLogger();
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const testDatabase = await createTestDatabase(['wiki']);
  url = testDatabase.url('wiki');
  adminUrl = testDatabase.adminUrl;
  database = openDatabase({ url, schema: 'wiki', client: PrismaClient, log });
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
  send: OutboxRelayOptions<QueuedNotification>['send'],
  options: Partial<OutboxRelayOptions<QueuedNotification>> = {},
): void {
  const relay = createOutboxRelay<QueuedNotification>({
    tables: notificationOutbox,
    service: 'wiki',
    database: fromPrisma(database.client, { schema: 'wiki' }),
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

const take = ({ body, userId }: OutboxMessage<QueuedNotification>) => void sent.push([body, userId]);

/** Takes all, or fails with what one of them fails with. */
const each =
  (
    send: (message: OutboxMessage<QueuedNotification>, signal: AbortSignal) => unknown,
  ): OutboxSender<QueuedNotification> =>
  async (messages, signal) => {
    await Promise.all(messages.map((message) => send(message, signal)));
    return { undelivered: [] };
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

test('what is due goes out in one call, each recipient’s first alone, and to each once', async () => {
  const calls: string[][] = [];
  await queue('all', [ann, ben, cid, ann]);
  await queue('second', [ann]);
  await queue('other', [randomUUID()]);
  startRelay(async (messages) => {
    calls.push(messages.map(({ body }) => body));
    return each(take)(messages, AbortSignal.abort());
  });
  await drained();
  expect(calls).toEqual([['all', 'all', 'all', 'other'], ['second']]);
  for (const userId of [ann, ben, cid])
    expect(bodiesOf(userId).filter((body) => body === 'all')).toHaveLength(1);
});

test('each recipient gets what was written in that order, by several relays, while calls fail and take their time', async () => {
  const users = Array.from({ length: 20 }, () => randomUUID());
  const wanted = Array.from({ length: 10 }, (_, n) => `number ${n}`);
  let calls = 0;
  const send: OutboxSender<QueuedNotification> = async (messages) => {
    calls += 1;
    if (calls % 7 === 0) throw new MeshError('SERVICE_UNAVAILABLE', 'away');
    if (calls % 5 === 0) throw fault();
    await database.pool.query('SELECT pg_sleep($1)', [(calls % 3) / 200]);
    messages.forEach(take);
    return { undelivered: [] };
  };
  for (const body of wanted) await queue(body, users);
  for (let n = 0; n < 3; n += 1) startRelay(send, { pollMs: 20 });
  await drained();
  for (const userId of users) expect(bodiesOf(userId)).toEqual(wanted);
});

describe('what hangs', () => {
  /** Others whose messages get through while one hangs, until a condition holds. */
  const writeOthersUntil = async (done: () => boolean) => {
    for (let n = 0; !done(); n += 1) {
      await queue(`other ${n}`, [randomUUID()]);
      await database.pool.query('SELECT pg_sleep(0.05)');
      expect(n).toBeLessThan(200);
    }
  };
  const calledOff = (signal: AbortSignal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('called off')));
    });

  test('delays its recipient alone, and what was sent with it for a second', async () => {
    let hanging = true;
    for (let n = 0; n < 5; n += 1) await queue(`${n}`, [ann, ben]);
    startRelay(async (messages, signal) => {
      if (hanging && messages.some(({ userId }) => userId === ann)) await calledOff(signal);
      messages.forEach(take);
      return { undelivered: [] };
    });
    await writeOthersUntil(() => bodiesOf(ben).length === 5);
    expect(bodiesOf(ann)).toEqual([]);
    hanging = false;
    await writeOthersUntil(() => bodiesOf(ann).length === 5);
    for (const userId of [ann, ben]) expect(bodiesOf(userId)).toEqual(['0', '1', '2', '3', '4']);
  });

  test('is called off and begun again when later ones get through', async () => {
    let hanging = true;
    startRelay(
      each(async (message, signal) => {
        if (message.body === 'first' && hanging) {
          hanging = false;
          await calledOff(signal);
        }
        take(message);
      }),
    );
    await queue('first', [ann]);
    await queue('second', [ann]);
    await writeOthersUntil(() => bodiesOf(ann).length === 2);
    expect(bodiesOf(ann)).toEqual(['first', 'second']);
  });

  test('a row of the outbox that another session holds holds nobody else up', async () => {
    await queue('held', [ann]);
    const other = new pg.Client({ connectionString: adminUrl });
    await other.connect();
    await other.query('BEGIN');
    await other.query('SELECT FROM wiki.notification_deliveries FOR UPDATE');
    startRelay(each(take), { pollMs: 20 });
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
    startRelay(async (messages) => {
      calls.push(messages.map(({ userId }) => userId));
      const failing = messages.filter(({ userId }) => userId === ann && (troubled -= 1) >= 0);
      messages.filter((message) => !failing.includes(message)).forEach(take);
      return { undelivered: failing.map(({ key, userId }) => ({ key, userId, reason })) };
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

  test.each([
    ['a fault', fault()],
    ['a refusal', new MeshError('BAD_REQUEST', 'no such thing')],
  ])('%s that names nobody is found by sending to each alone', async (_, error) => {
    startRelay(
      async (messages) => {
        if (messages.some(({ userId }) => userId === ann)) throw error;
        messages.forEach(take);
        return { undelivered: [] };
      },
      { maxFailures: 3 },
    );
    await queue('all', [ann, ben, cid]);
    await queue('other', [cid]);
    await eventually(async () => expect(await givenUp()).toBe(1));
    await eventually(() => expect(bodiesOf(cid)).toEqual(['all', 'other']));
    expect(bodiesOf(ben)).toEqual(['all']);
    expect(bodiesOf(ann)).toEqual([]);
  });

  test('for whom one was given up holds up no other with the next, and is sent to with others again when that worked', async () => {
    const calls: string[][] = [];
    let failing = true;
    startRelay(
      async (messages) => {
        calls.push(messages.map(({ userId }) => userId).toSorted());
        const undelivered = messages
          .filter(({ userId }) => failing && userId === ann)
          .map(({ key, userId }) => ({ key, userId, reason: 'failed' as const }));
        return { undelivered };
      },
      { maxFailures: 1 },
    );
    const both = [ann, ben].toSorted();
    await queue('first', both);
    await eventually(async () => expect(await givenUp()).toBe(1));
    failing = false;
    await queue('second', both);
    await eventually(() => expect(calls.flat().filter((userId) => userId === ann)).toHaveLength(2));
    await eventually(async () => expect(await database.client.notificationDelivery.count()).toBe(1));
    await queue('third', both);
    await eventually(() => expect(calls).toHaveLength(4));
    expect(calls[0]).toEqual(both);
    expect(calls.slice(1, 3).toSorted()).toEqual(both.map((userId) => [userId]));
    expect(calls[3]).toEqual(both);
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
      each((message) => {
        if (message.body === 'bad') throw fault();
        take(message);
      }),
      { maxFailures: 4 },
    );
    await queue('bad');
    await queue('good');
    await eventually(() => expect(bodiesOf(ann)).toEqual(['good']));
    const [row] = await database.client.notificationDelivery.findMany();
    expect(row).toMatchObject({ failures: 4, lastError: 'INTERNAL_SERVER_ERROR: a fault' });
    const said = log.lines.filter(({ level }) => level === 'error');
    expect(said).toMatchObject([
      { fields: { message_id: row?.messageId, user_id: ann, reason: 'failures' } },
    ]);
    expect(await reasonCount('reason="failures"')).toBe(before + 1);
  });

  test.each(['away', 'busy'])(
    'not because the service or the recipient is %s, however often',
    async (what) => {
      let tries = 0;
      startRelay(
        async (messages) => {
          const done = (tries += 1) > 12;
          if (done) messages.forEach(take);
          else if (what === 'away') throw new MeshError('SERVICE_UNAVAILABLE', 'away');
          return {
            undelivered: done ? [] : messages.map(({ key, userId }) => ({ key, userId, reason: 'busy' })),
          };
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
    startRelay(
      each((message) => {
        if (message.userId !== ben) throw new MeshError('SERVICE_UNAVAILABLE', 'away');
        take(message);
      }),
      { batch: 1 },
    );
    await eventually(async () => expect(await givenUp()).toBe(1));
    await eventually(() => expect(bodiesOf(ben)).toEqual(['old as well']));
    expect(await database.client.notificationDelivery.findFirst({ where: { userId: cid } })).toMatchObject({
      failedAt: null,
    });
    expect(log.lines.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { reason: 'age' } }]);
  });

  test('what was given up is listed, retried in its place, dropped, and deleted after its time', async () => {
    const handlers = createOutboxHandlers({
      database: fromPrisma(database.client, { schema: 'wiki' }),
      tables: notificationOutbox,
    });
    let failing = true;
    startRelay(
      each((message) => {
        if (failing) throw fault();
        take(message);
      }),
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

    const retention = createOutboxRetention({
      database: fromPrisma(database.client, { schema: 'wiki' }),
      tables: notificationOutbox,
      log,
      keepDays: 90,
    });
    expect(await retention.runOnce()).toBe(0);
    await database.client.notificationDelivery.update({
      where: { id: BigInt(four) },
      data: { failedAt: new Date(Date.now() - 91 * 86_400_000) },
    });
    expect(await retention.runOnce()).toBe(1);
    expect(await database.client.notificationOutbox.count()).toBe(0);
  });
});
