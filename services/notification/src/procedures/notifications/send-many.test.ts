import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openService, service, user, type TestService } from '../../testing/service.ts';

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
