import { notificationContract } from '@arcadium/contracts/notification';
import { silentLogger } from '@arcadium/mesh/testing';
import { createOutboxRelay } from '@arcadium/postgres/outbox';
import { fromPrisma } from '@arcadium/postgres/prisma';
import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openWiki, user, type TestWiki } from '../testing/service.ts';

let wiki: TestWiki;

beforeAll(async () => {
  wiki = await openWiki();
});
afterAll(() => wiki.close());

test('a comment reaches the notification service as its contract has it, and leaves the outbox', async () => {
  const ann = user('Ann');
  const page = await wiki.publish('page', { by: ann });
  const sent: unknown[] = [];
  const relay = createOutboxRelay({
    service: 'wiki',
    tables: notificationOutbox,
    database: fromPrisma(wiki.client, { schema: 'wiki' }),
    databaseUrl: wiki.url,
    send: async (messages) => {
      sent.push(messages);
      return { undelivered: [] };
    },
    log: silentLogger,
    // Longer than the test lasts: what wakes it is the announcement alone.
    pollMs: 60_000,
  });
  relay.start();
  const { id } = await wiki.call('comments.create', user('Bob'), { pageId: page.id, body: 'Hello.' });
  await vi.waitFor(async () => expect(await wiki.client.notificationOutbox.count()).toBe(0));
  await relay.stop();
  const messages = [
    {
      key: expect.stringMatching(/^wiki:[\da-f-]{36}$/),
      userId: ann.user.id,
      topic: 'comment',
      title: 'Bob commented on “page”',
      body: 'Hello.',
      link: `/pages/page#comment-${id}`,
    },
  ];
  expect(sent).toEqual([messages]);
  const { input } = notificationContract.procedures.notifications.sendBatch;
  expect(input.parse({ messages: sent[0] })).toEqual({ messages });
});
