import { randomUUID } from 'node:crypto';
import type { MeshError } from '@arcadium/mesh/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin, openService, service, user, type TestService } from '../../testing/service.ts';

let notification: TestService;
beforeAll(async () => {
  notification = await openService();
});
afterAll(() => notification.close());

const wiki = service('wiki');
const message = {
  topic: 'page',
  title: 'Readme changed',
  body: 'Have a look',
  link: '/pages/readme',
} as const;

function stored(userId: string) {
  return notification.client.notification.findMany({ where: { userId } });
}

test('a notification is stored as it was sent', async () => {
  const userId = randomUUID();
  const before = Date.now();
  const sent = await notification.call('notifications.send', wiki, { ...message, key: 'as-sent', userId });
  const [row, ...more] = await stored(userId);
  expect(sent).toEqual({ id: row?.id, outcome: 'stored' });
  expect(row).toMatchObject({ ...message, sender: 'wiki', key: 'as-sent', readAt: null });
  expect(row?.id[14]).toBe('7');
  expect(Math.abs((row?.createdAt.getTime() ?? 0) - before)).toBeLessThan(5000);
  expect(more).toEqual([]);
});

test('the same key again stores nothing and answers with the first id', async () => {
  const input = { ...message, key: 'again', userId: randomUUID() };
  const first = await notification.call('notifications.send', wiki, input);
  expect(await notification.call('notifications.send', wiki, input)).toEqual({
    id: first.id,
    outcome: 'duplicate',
  });
  expect(await stored(input.userId)).toHaveLength(1);
});

test.each(['\u202Eeltit', '\u200B\u200B', 'a\u2066b', '\u2800'])('the title %j is refused', async (title) => {
  const userId = randomUUID();
  const input = { ...message, title, key: 'title' };
  const refusal = { issues: [{ path: ['title'] }] };
  await expect(notification.call('notifications.send', wiki, { ...input, userId })).rejects.toMatchObject(
    refusal,
  );
  await expect(
    notification.call('notifications.sendMany', wiki, { ...input, userIds: [userId] }),
  ).rejects.toMatchObject(refusal);
  await expect(
    notification.call('broadcasts.send', admin(), { title, body: 'x', key: 'title' }),
  ).rejects.toMatchObject(refusal);
  expect(await stored(userId)).toEqual([]);
  expect(await notification.client.broadcast.count()).toBe(0);
});

test.each([['\r\n'], ['\r']])('lines that end with %j are stored with LF, and are the same', async (end) => {
  const input = { ...message, key: `ends ${end.length}`.replace(' ', '-'), userId: randomUUID() };
  const first = await notification.call('notifications.send', wiki, { ...input, body: `one${end}two` });
  expect(await stored(input.userId)).toMatchObject([{ body: 'one\ntwo' }]);
  expect(await notification.call('notifications.send', wiki, { ...input, body: 'one\ntwo' })).toEqual({
    id: first.id,
    outcome: 'duplicate',
  });
});

test.each([
  { topic: 'comment' },
  { title: 'Other' },
  { body: 'Other' },
  { link: '/other' },
  { link: undefined },
] as const)('the same key with another payload is refused: %o', async (change) => {
  const input = { ...message, key: 'reused', userId: randomUUID() };
  await notification.call('notifications.send', wiki, input);
  await expect(notification.call('notifications.send', wiki, { ...input, ...change })).rejects.toMatchObject({
    code: 'CONFLICT',
    named: { name: 'KEY_REUSED', data: { key: 'reused' } },
  });
  expect(await stored(input.userId)).toMatchObject([message]);
});

test('another sender, and another user, have keys of their own', async () => {
  const input = { ...message, key: 'mine', userId: randomUUID() };
  const other = { ...input, title: 'Something else' };
  const outcomes = [
    await notification.call('notifications.send', wiki, input),
    await notification.call('notifications.send', service('auth'), { ...other, topic: 'security' }),
    await notification.call('notifications.send', wiki, { ...other, userId: randomUUID() }),
  ];
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['stored', 'stored', 'stored']);
});

test('of equal sends at once, one is stored and the others are duplicates of it', async () => {
  for (let round = 0; round < 10; round += 1) {
    const input = { ...message, key: `at-once-${round}`, userId: randomUUID() };
    const sent = await Promise.all(
      Array.from({ length: 8 }, () => notification.call('notifications.send', wiki, input)),
    );
    expect(sent.map(({ outcome }) => outcome).toSorted()).toEqual([
      ...Array<string>(7).fill('duplicate'),
      'stored',
    ]);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
    expect(await stored(input.userId)).toHaveLength(1);
  }
});

test('of different sends with one key at once, one is stored and the others are refused', async () => {
  const input = { ...message, key: 'race', userId: randomUUID() };
  const titles = Array.from({ length: 8 }, (_, n) => `Title ${n}`);
  const sent = await Promise.allSettled(
    titles.map((title) => notification.call('notifications.send', wiki, { ...input, title })),
  );
  const refusals = sent.filter((one) => one.status === 'rejected');
  expect(refusals.map(({ reason }) => (reason as MeshError).named?.name)).toEqual(
    Array(7).fill('KEY_REUSED'),
  );
  expect(await stored(input.userId)).toHaveLength(1);
});

test('a muted topic stores nothing, and other topics still arrive', async () => {
  const { user: reader } = user();
  const base = { ...message, userId: reader.id };
  await notification.call('preferences.set', user(reader.id), { muted: ['page'] });
  expect(await notification.call('notifications.send', wiki, { ...base, key: 'muted' })).toEqual({
    id: null,
    outcome: 'muted',
  });
  expect(await stored(reader.id)).toEqual([]);
  const comment = { ...base, topic: 'comment', key: 'not-muted' } as const;
  expect(await notification.call('notifications.send', wiki, comment)).toMatchObject({ outcome: 'stored' });
});

test('security reaches those who muted everything they can', async () => {
  const { user: reader } = user();
  await notification.call('preferences.set', user(reader.id), { muted: ['comment', 'reply', 'page'] });
  const sent = await notification.call('notifications.send', service('auth'), {
    ...message,
    topic: 'security',
    key: 'password',
    userId: reader.id,
  });
  expect(sent.outcome).toBe('stored');
});

test('what was stored before its topic was muted is still a duplicate', async () => {
  const input = { ...message, key: 'muted-later', userId: randomUUID() };
  const first = await notification.call('notifications.send', wiki, input);
  await notification.call('preferences.set', user(input.userId), { muted: ['page'] });
  expect(await notification.call('notifications.send', wiki, input)).toEqual({
    id: first.id,
    outcome: 'duplicate',
  });
});

test.each([
  ['wiki', 'security', ['auth']],
  ['auth', 'page', ['wiki']],
  ['auth', 'comment', ['wiki']],
  ['auth', 'reply', ['wiki']],
] as const)('%s cannot send the topic %s, which is of %s', async (sender, topic, senders) => {
  const userId = randomUUID();
  const one = { ...message, topic, key: 'foreign' };
  const refusal = { code: 'FORBIDDEN', named: { name: 'FOREIGN_TOPIC', data: { topic, sender, senders } } };
  // The same for a service that acts for a user, even an administrator: the service is the sender.
  for (const caller of [service(sender), { ...service(sender), user: admin().user }]) {
    await expect(notification.call('notifications.send', caller, { ...one, userId })).rejects.toMatchObject(
      refusal,
    );
    await expect(
      notification.call('notifications.sendMany', caller, { ...one, userIds: [userId] }),
    ).rejects.toMatchObject(refusal);
  }
  expect(await stored(userId)).toEqual([]);
});

test('text is stored as text, whatever it looks like', async () => {
  const title = `'); DROP TABLE notifications; -- \${key} $1 \\`;
  const userId = randomUUID();
  await notification.call('notifications.send', wiki, { ...message, title, key: 'odd', userId });
  expect(await stored(userId)).toMatchObject([{ title }]);
});
