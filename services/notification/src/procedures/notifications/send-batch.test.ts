import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { connect, openService, service, user, type TestService } from '../../testing/service.ts';

let notification: TestService;
beforeAll(async () => {
  notification = await openService();
});
afterAll(() => notification.close());

const wiki = service('wiki');

type Message = { key: string; userId: string; topic: 'page' | 'comment'; title: string; body: string };

const message = (own: Partial<Message> = {}): Message => ({
  key: randomUUID(),
  userId: randomUUID(),
  topic: 'page',
  title: 'Readme changed',
  body: randomUUID(),
  ...own,
});
const messages = (count: number) => Array.from({ length: count }, () => message());
const send = (...batch: Message[]) => notification.call('notifications.sendBatch', wiki, { messages: batch });
const keyOf = ({ key }: Message) => key;

async function stored(batch: Message[]): Promise<Message[]> {
  const rows = await notification.client.notification.findMany({
    where: { key: { in: batch.map(keyOf) } },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
  return rows.map(({ key, userId, topic, title, body }) => ({ key, userId, topic, title, body }) as Message);
}

test('a hundred different messages are stored with one statement, in their order', async () => {
  const batch = messages(100);
  const statements = vi.spyOn(pg.Client.prototype, 'query');
  expect(await send(...batch)).toEqual({ undelivered: [] });
  // BEGIN, two of ours, COMMIT, whatever the number of messages.
  expect(statements).toHaveBeenCalledTimes(4);
  statements.mockRestore();
  expect(await stored(batch)).toEqual(batch);
});

test('one message for several, and several messages for one', async () => {
  const key = randomUUID();
  const userId = randomUUID();
  const same = { key, title: 'The same', body: 'for all' };
  const batch = [message(same), message({ userId }), message(same), message({ userId }), message({ userId })];
  expect(await send(...batch)).toEqual({ undelivered: [] });
  expect(await stored(batch)).toEqual(batch);
});

test('what arrived before, by a batch or by sendMany, is not stored again; who has muted the topic is spared', async () => {
  const [again, many, muted, fresh] = messages(4) as [Message, Message, Message, Message];
  await send(again);
  const { userId, ...said } = many;
  await notification.call('notifications.sendMany', wiki, { ...said, userIds: [userId], partial: true });
  await notification.call('preferences.set', user(muted.userId), { muted: ['page'] });
  const comment = message({ userId: muted.userId, topic: 'comment' });
  expect(await send(again, many, muted, fresh, comment)).toEqual({ undelivered: [] });
  expect(await stored([again, many, muted, fresh, comment])).toEqual([again, many, fresh, comment]);
  // The other way round: a relay of the version before.
  const { userId: freshId, ...freshSaid } = fresh;
  expect(
    await notification.call('notifications.sendMany', wiki, { ...freshSaid, userIds: [freshId] }),
  ).toEqual({ stored: 0, duplicate: 1, muted: 0 });
});

test('a key that one user got for something else refuses the call, and nothing is stored', async () => {
  const had = message();
  await send(had);
  const others = messages(3);
  await expect(send(...others, { ...had, title: 'Other' })).rejects.toMatchObject({
    code: 'CONFLICT',
    named: { name: 'KEY_REUSED', data: { key: had.key } },
  });
  expect(await stored(others)).toEqual([]);
});

test('a topic of other senders refuses the call, and nothing is stored', async () => {
  const batch = messages(3);
  const topic = 'security' as 'page';
  await expect(send(...batch, message({ topic }))).rejects.toMatchObject({
    code: 'FORBIDDEN',
    named: { name: 'FOREIGN_TOPIC', data: { topic, sender: 'wiki', senders: ['auth'] } },
  });
  expect(await stored(batch)).toEqual([]);
});

test('equal batches at once, in different orders, store each once', async () => {
  const batch = messages(50);
  const orders = [batch, batch.toReversed(), batch.toSorted((a, b) => a.key.localeCompare(b.key))];
  const answers = await Promise.all([...orders, ...orders].map((order) => send(...order)));
  expect(answers).toEqual(answers.map(() => ({ undelivered: [] })));
  const rows = await stored(batch);
  expect(rows.map(keyOf).toSorted()).toEqual(batch.map(keyOf).toSorted());
});

test('the same message twice in a batch is stored once', async () => {
  const twice = message();
  const other = message();
  expect(await send(twice, other, twice)).toEqual({ undelivered: [] });
  expect(await stored([twice, other])).toEqual([twice, other]);
});

describe('one message of many', () => {
  let other: pg.Client;
  afterEach(() => other.end());

  const holds: [string, (message: Message) => Promise<unknown>][] = [
    [
      'the row that is to be written',
      ({ key, userId }) =>
        other.query(
          `INSERT INTO notifications (id, user_id, sender, key, fingerprint, topic, title, body)
           VALUES (uuidv7(), $1, 'wiki', $2, '', 'page', 'T', 'B')`,
          [userId, key],
        ),
    ],
    [
      'the lock of the recipient',
      ({ userId }) =>
        other.query(`SELECT pg_advisory_xact_lock(hashtext('notification.user'), hashtext($1))`, [userId]),
    ],
  ];

  test.each(holds)('for whom another session holds %s is named, and the others arrive', async (_, hold) => {
    const batch = messages(60);
    const [first, second, ...others] = batch as [Message, Message, ...Message[]];
    other = await connect(notification.url);
    await other.query('BEGIN');
    await hold(first);
    await hold(second);
    const { undelivered } = await send(...batch);
    const busy = (one: Message) => ({ key: one.key, userId: one.userId, reason: 'busy' });
    expect(undelivered.toSorted((a, b) => Number(b.key === first.key) - Number(a.key === first.key))).toEqual(
      [first, second].map(busy),
    );
    expect(await stored(batch)).toEqual(others);
    await other.query('ROLLBACK');
    expect(await send(...batch)).toEqual({ undelivered: [] });
    expect(await stored(batch)).toHaveLength(60);
  });

  test('that the service fails at is named, found in few transactions, and the others arrive', async () => {
    const batch = messages(100);
    const failing = batch[42] ?? message();
    other = await connect(notification.adminUrl);
    await other.query(`
      CREATE FUNCTION notification.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.user_id = '${failing.userId}' THEN RAISE EXCEPTION 'a fault'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON notification.notifications
        FOR EACH ROW EXECUTE FUNCTION notification.refuse()`);
    const deliver = vi.spyOn(notification.stores.deliveries, 'deliver');
    expect(await send(...batch)).toEqual({
      undelivered: [{ key: failing.key, userId: failing.userId, reason: 'failed' }],
    });
    expect(deliver.mock.calls.length).toBeLessThan(35);
    deliver.mockRestore();
    expect(await stored(batch)).toEqual(batch.filter((one) => one !== failing));
    await other.query('DROP FUNCTION notification.refuse() CASCADE');
  });
});
