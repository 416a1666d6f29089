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
const message = { topic: 'page', title: 'Readme changed', body: 'Have a look' } as const;
const somebody = (count: number) => Array.from({ length: count }, () => randomUUID());

function stored(key: string) {
  return notification.client.notification.findMany({ where: { key } });
}

test('each of 500 users gets one, with one statement for all', async () => {
  const userIds = somebody(500);
  const statements = vi.spyOn(pg.Client.prototype, 'query');
  const sent = await notification.call('notifications.sendMany', wiki, {
    ...message,
    key: 'five-hundred',
    userIds,
  });
  // BEGIN, two of ours, COMMIT, whatever the number of users.
  expect(statements).toHaveBeenCalledTimes(4);
  statements.mockRestore();
  expect(sent).toEqual({ stored: 500, duplicate: 0, muted: 0 });
  const rows = await stored('five-hundred');
  expect(rows.map(({ userId }) => userId).toSorted()).toEqual(userIds.toSorted());
  expect(new Set(rows.map(({ id }) => id)).size).toBe(500);
});

test('a user named several times, in capitals or not, counts once', async () => {
  const [one, two] = somebody(2) as [string, string];
  const userIds = [one, two, one, one.toUpperCase()];
  const sent = await notification.call('notifications.sendMany', wiki, {
    ...message,
    key: 'repeated',
    userIds,
  });
  expect(sent).toEqual({ stored: 2, duplicate: 0, muted: 0 });
});

test('stored, duplicate and muted are counted apart', async () => {
  const [had, muted, hadAndMuted, fresh] = somebody(4) as [string, string, string, string];
  const key = 'mixed';
  await notification.call('notifications.sendMany', wiki, { ...message, key, userIds: [had, hadAndMuted] });
  for (const id of [muted, hadAndMuted])
    await notification.call('preferences.set', user(id), { muted: ['page'] });
  const userIds = [had, muted, hadAndMuted, fresh];
  expect(await notification.call('notifications.sendMany', wiki, { ...message, key, userIds })).toEqual({
    stored: 1,
    duplicate: 2,
    muted: 1,
  });
  expect(await stored(key)).toHaveLength(3);
});

test('with a key used for something else nothing is written, whoever got that', async () => {
  const [had, fresh] = somebody(2) as [string, string];
  const key = 'reused';
  await notification.call('notifications.sendMany', wiki, { ...message, key, userIds: [had] });
  for (const userIds of [[fresh, had], [fresh]]) {
    const again = notification.call('notifications.sendMany', wiki, {
      ...message,
      title: 'Other',
      key,
      userIds,
    });
    await expect(again).rejects.toMatchObject({
      code: 'CONFLICT',
      named: { name: 'KEY_REUSED', data: { key } },
    });
  }
  expect(await stored(key)).toMatchObject([{ userId: had, title: message.title }]);
});

test('equal sends at once store one a user', async () => {
  const userIds = somebody(50);
  const send = () =>
    notification.call('notifications.sendMany', wiki, { ...message, key: 'at-once', userIds });
  const sent = await Promise.all(Array.from({ length: 6 }, send));
  expect(sent.reduce((sum, one) => sum + one.stored, 0)).toBe(50);
  expect(sent.reduce((sum, one) => sum + one.duplicate, 0)).toBe(250);
  expect(await stored('at-once')).toHaveLength(50);
});

test('of different sends with one key at once, one is stored even where their users differ', async () => {
  const titles = Array.from({ length: 8 }, (_, n) => `Title ${n}`);
  for (let round = 0; round < 10; round += 1) {
    const key = `race-${round}`;
    const send = (title: string) =>
      notification.call('notifications.sendMany', wiki, { ...message, title, key, userIds: somebody(1) });
    const sent = await Promise.allSettled(titles.map(send));
    expect(sent.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await stored(key)).toHaveLength(1);
  }
});

test('many sends to the same users in different orders do not block one another for good', async () => {
  const userIds = somebody(200);
  const orders = [userIds, userIds.toReversed(), userIds.toSorted(), userIds.toSorted().toReversed()];
  const sends = orders.flatMap((order, n) =>
    [1, 2, 3].map((round) =>
      notification.call('notifications.sendMany', wiki, {
        ...message,
        key: `crossed-${n}-${round}`,
        userIds: order,
      }),
    ),
  );
  for (const sent of await Promise.all(sends)) expect(sent.stored).toBe(200);
});

describe('one user of many', () => {
  let other: pg.Client;
  afterEach(() => other.end());

  const send = (key: string, userIds: string[], partial?: boolean) =>
    notification.call('notifications.sendMany', wiki, {
      ...message,
      key,
      userIds,
      ...(partial !== undefined && { partial }),
    });

  /** What another session holds of a user, by the message that is to be sent. */
  const holds: [string, (key: string, userId: string) => Promise<unknown>][] = [
    [
      'the row that is to be written',
      (key, userId) =>
        other.query(
          `INSERT INTO notifications (id, user_id, sender, key, fingerprint, topic, title, body)
           VALUES (uuidv7(), $1, 'wiki', $2, '', 'page', 'T', 'B')`,
          [userId, key],
        ),
    ],
    [
      'the lock of that user',
      (_key, userId) =>
        other.query(`SELECT pg_advisory_xact_lock(hashtext('notification.user'), hashtext($1))`, [userId]),
    ],
  ];

  test.each(holds)(
    'whom another session keeps locked (%s) is named, and the others have theirs',
    async (what, hold) => {
      const userIds = somebody(20);
      const [locked = '', ...others] = userIds;
      const key = `held-${what.length}`;
      other = await connect(notification.url);
      await other.query('BEGIN');
      await hold(key, locked);
      expect(await send(key, userIds, true)).toEqual({
        stored: 19,
        duplicate: 0,
        muted: 0,
        undelivered: [{ userId: locked, reason: 'busy' }],
      });
      expect((await stored(key)).map(({ userId }) => userId).toSorted()).toEqual(others.toSorted());
      // Without `partial` the same call fails, and may be made again.
      await expect(send(key, userIds)).rejects.toMatchObject({
        code: 'SERVICE_UNAVAILABLE',
        retryAfterMs: expect.any(Number),
      });
      if (what === 'the lock of that user') {
        const toOne = { ...message, key: `${key}-one`, userId: locked };
        await expect(notification.call('notifications.send', wiki, toOne)).rejects.toMatchObject({
          code: 'SERVICE_UNAVAILABLE',
        });
      }
      await other.query('ROLLBACK');
      expect(await send(key, userIds, true)).toEqual({ stored: 1, duplicate: 19, muted: 0 });
    },
  );

  test('for whom the service fails is named, and the others have theirs', async () => {
    const userIds = somebody(20);
    const [failing = '', ...others] = userIds;
    other = await connect(notification.adminUrl);
    await other.query(`
      CREATE FUNCTION notification.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.user_id = '${failing}' THEN RAISE EXCEPTION 'a fault'; END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON notification.notifications
        FOR EACH ROW EXECUTE FUNCTION notification.refuse()`);
    expect(await send('failing', userIds, true)).toEqual({
      stored: 19,
      duplicate: 0,
      muted: 0,
      undelivered: [{ userId: failing, reason: 'failed' }],
    });
    expect((await stored('failing')).map(({ userId }) => userId).toSorted()).toEqual(others.toSorted());
    await expect(send('failing', userIds)).rejects.toThrow('a fault');
    await other.query('DROP FUNCTION notification.refuse() CASCADE');
  });

  test('a key that was used for something else is refused also where each is tried alone', async () => {
    const [had = '', locked = ''] = somebody(2);
    await send('reused-alone', [had]);
    other = await connect(notification.url);
    await other.query('BEGIN');
    await other.query(`SELECT pg_advisory_xact_lock(hashtext('notification.user'), hashtext($1))`, [locked]);
    const again = { ...message, title: 'Other', key: 'reused-alone', userIds: [had, locked], partial: true };
    await expect(notification.call('notifications.sendMany', wiki, again)).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(await stored('reused-alone')).toHaveLength(1);
  });

  test('a database that takes no writes is nobody’s own trouble', async () => {
    other = await connect(notification.url);
    const deliver = vi
      .spyOn(notification.stores.deliveries, 'deliver')
      .mockRejectedValue(Object.assign(new Error('read-only'), { code: '25006' }));
    await expect(send('read-only', somebody(3), true)).rejects.toThrow('read-only');
    expect(deliver).toHaveBeenCalledOnce();
    deliver.mockRestore();
  });
});
