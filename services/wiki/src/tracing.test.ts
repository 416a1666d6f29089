import { notificationContract } from '@arcadium/contracts/notification';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect } from '@arcadium/mesh/client';
import { contract } from '@arcadium/mesh/contract';
import { serve } from '@arcadium/mesh/server';
import { openTelemetry } from '@arcadium/mesh/telemetry';
import { silentLogger as log, startOtlpReceiver, type ReceivedSpan } from '@arcadium/mesh/testing';
import { createOutboxRelay } from '@arcadium/postgres/outbox';
import { fromPrisma } from '@arcadium/postgres/prisma';
import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { serveWiki, type ServedWiki } from './testing/served.ts';

let wiki: ServedWiki;

beforeAll(async () => {
  wiki = await serveWiki();
});
afterAll(() => wiki.close());

/** The procedure of the notification service that the relay calls, on its own port. */
async function serveNotifications() {
  const { sendBatch } = notificationContract.procedures.notifications;
  const inbox = contract('notification', { notifications: { sendBatch } });
  const received: string[] = [];
  const service = await serve(
    inbox,
    {
      notifications: {
        sendBatch: async ({ input }) => {
          received.push(...input.messages.map(({ title }) => title));
          return { undelivered: [] };
        },
      },
    },
    { version: '1', port: 0, log, authenticate: wiki.identity.authenticate, pingDatabase: async () => {} },
  );
  service.ready();
  const token = await wiki.identity.serviceToken('wiki');
  const client = connect(inbox, { as: 'wiki', url: service.url, token, log });
  return { service, client, received };
}

test('a comment, its statements and the notification that it causes are one trace', async () => {
  const ann = await wiki.identity.userToken();
  const ben = await wiki.identity.userToken();
  const as = (token: string) => connect(wikiContract, { as: 'user', url: wiki.url, token, log });
  await using anns = as(ann);
  await using bens = as(ben);
  const page = await anns.pages.create.mutate({ slug: 'traced', title: 'Traced', body: 'Words.' });
  const { service, client, received } = await serveNotifications();
  const relay = createOutboxRelay({
    service: 'wiki',
    tables: notificationOutbox,
    database: fromPrisma(wiki.client, { schema: 'wiki' }),
    databaseUrl: wiki.databaseUrl,
    send: (messages, signal) => client.notifications.sendBatch.mutate({ messages }, { signal }),
    log,
  });
  await using receiver = await startOtlpReceiver();
  {
    await using _on = await openTelemetry({
      service: 'wiki',
      version: '1',
      log,
      endpoint: receiver.url,
    });
    relay.start();
    await bens.comments.create.mutate({ pageId: page.id, body: 'Not in a span: hunter2' });
    await vi.waitFor(() => expect(received).toHaveLength(1));
    await relay.stop();
  }
  await client[Symbol.asyncDispose]();
  await service.stop();

  const { spans } = receiver;
  const [root, ...roots] = spans.filter(({ parentId }) => parentId === '');
  expect(roots).toEqual([]);
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([root?.traceId]));
  const road = pathTo(spans, 'notification.notifications.sendBatch', 'server');
  expect(road.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'client wiki.comments.create',
    'client wiki.comments.create attempt',
    'server wiki.comments.create',
    'producer notification_outbox send',
    'consumer notification_outbox process',
    'client notification.notifications.sendBatch',
    'client notification.notifications.sendBatch attempt',
    'server notification.notifications.sendBatch',
  ]);
  const [, , server] = road;
  const statements = spans.filter(({ attributes }) => attributes['db.system.name'] === 'postgresql');
  expect(statements.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['BEGIN', 'INSERT comments', 'INSERT notification_outbox', 'COMMIT']),
  );
  expect(new Set(statements.map(({ parentId }) => parentId))).toEqual(new Set([server?.spanId]));
  expect(statements[0]).toMatchObject({ kind: 'client', failed: false });
  expect(JSON.stringify(spans)).not.toContain('hunter2');
});

/** The spans from the root to one. */
function pathTo(spans: readonly ReceivedSpan[], name: string, kind: string): ReceivedSpan[] {
  const path: ReceivedSpan[] = [];
  let span = spans.find((one) => one.name === name && one.kind === kind);
  while (span) {
    path.unshift(span);
    const { parentId } = span;
    span = spans.find(({ spanId }) => spanId === parentId);
  }
  return path;
}
