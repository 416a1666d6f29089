import type { authContract } from '@arcadium/contracts/auth';
import type { notificationContract } from '@arcadium/contracts/notification';
import type { wikiContract } from '@arcadium/contracts/wiki';
import type { RouterOf } from '@arcadium/mesh/contract';
import {
  createTRPCClient,
  httpBatchLink,
  httpLink,
  httpSubscriptionLink,
  isTRPCClientError,
} from '@trpc/client';
import { EventSource } from 'eventsource';
import { beforeAll, describe, expect, test } from 'vitest';
import { until } from '../src/mesh.ts';
import {
  publicCalls,
  publicProcedures,
  writeSome,
  type StockClients,
  type Written,
} from '../src/public-calls.ts';
import { mesh } from './mesh.ts';

let written: Written;
beforeAll(async () => {
  written = await writeSome(mesh);
});

const links = { httpLink, httpBatchLink } as const;

/**
 * tRPC's own clients, with only the types of the contracts.
 *
 * @param onRequest Called for each outgoing request.
 */
function stockClients(link: keyof typeof links, onRequest = (_url: string): void => {}): StockClients {
  const to = (service: keyof StockClients) =>
    links[link]({
      url: `${mesh.url(service)}/trpc`,
      fetch: (url, init) => {
        onRequest(String(url));
        return fetch(url, { ...init, signal: init?.signal ?? null });
      },
    });
  return {
    auth: createTRPCClient<RouterOf<typeof authContract>>({ links: [to('auth')] }),
    notification: createTRPCClient<RouterOf<typeof notificationContract>>({ links: [to('notification')] }),
    wiki: createTRPCClient<RouterOf<typeof wikiContract>>({ links: [to('wiki')] }),
  };
}

describe.each(['httpLink', 'httpBatchLink'] as const)(
  'a stock client with %s, and no credentials',
  (link) => {
    test.each(publicProcedures)('calls %s', async (name) => {
      const call = publicCalls[name];
      if (!call) throw new Error(`${name} is open to anyone and has no call in src/public-calls.ts`);
      const [answer, expected] = await call(stockClients(link), written);
      expect(answer).toMatchObject(expected);
    });
  },
);

test('there is no call for a procedure that is not open to anyone', () => {
  expect(Object.keys(publicCalls).toSorted()).toEqual(publicProcedures.toSorted());
});

test('calls that succeed and calls that fail share one request, each with its own answer', async () => {
  const requests: string[] = [];
  const { wiki } = stockClients('httpBatchLink', (url) => requests.push(url));
  const { id } = written.page;
  const outcomes = await Promise.allSettled([
    wiki.pages.get.query({ id }),
    wiki.pages.get.query({ slug: 'nothing/here' }),
    wiki.pages.list.query({ limit: 0 }),
    wiki.pages.revision.query({ id, revision: 99 }),
    wiki.comments.list.query({ pageId: id }),
  ]);
  expect(requests).toHaveLength(1);
  expect(requests[0]).toContain('/trpc/pages.get,pages.get,pages.list,pages.revision,comments.list?batch=1');
  expect(outcomes).toMatchObject([
    { status: 'fulfilled', value: { id } },
    { reason: { data: { code: 'NOT_FOUND', path: 'pages.get', error: { name: 'PAGE_NOT_FOUND' } } } },
    { reason: { data: { code: 'BAD_REQUEST', path: 'pages.list', issues: [{ path: ['limit'] }] } } },
    {
      reason: { data: { code: 'NOT_FOUND', error: { name: 'REVISION_NOT_FOUND', data: { revision: 99 } } } },
    },
    { status: 'fulfilled', value: { items: [{ id: written.comment.id }] } },
  ]);

  const changes = await Promise.allSettled([
    wiki.pages.create.mutate({ slug: 'not/written', title: 'Not', body: 'written' }),
    wiki.comments.create.mutate({ pageId: id, body: 'not written' }),
  ]);
  expect(requests).toHaveLength(2);
  for (const change of changes) expect(change).toMatchObject({ reason: { data: { code: 'UNAUTHORIZED' } } });
});

describe('a stock subscription', () => {
  const subscribe = (token: string | undefined) => {
    const client = createTRPCClient<RouterOf<typeof notificationContract>>({
      links: [
        httpSubscriptionLink({
          url: `${mesh.url('notification')}/trpc`,
          EventSource,
          eventSourceOptions: {
            fetch: (url, init) =>
              fetch(url, {
                ...init,
                headers: {
                  ...init.headers,
                  ...(token !== undefined && { authorization: `Bearer ${token}` }),
                },
              }),
          },
        }),
      ],
    });
    const seen = {
      started: 0,
      events: [] as { id: string; title: string; topic: string }[],
      errors: [] as unknown[],
    };
    const subscription = client.notifications.watch.subscribe(undefined, {
      onStarted: () => (seen.started += 1),
      onData: ({ id, data }) => seen.events.push({ id, title: data.title, topic: data.topic }),
      onError: (error) => seen.errors.push(error),
    });
    return { ...subscription, seen };
  };

  test('brings each notification as it arrives', async () => {
    const { ann, ben, page } = written;
    // Earlier notifications must be stored first, so that they cannot be taken for events.
    await until(
      async () => (await ann.notification.notifications.unreadCount.query()).count > 0,
      'Ann was told of what was written before',
    );
    const before = await ann.notification.notifications.list.query();
    const { seen, unsubscribe } = subscribe(ann.token);
    await until(() => seen.started > 0, 'the subscription has started');
    await ben.wiki.comments.create.mutate({ pageId: page.id, body: 'And the shore?' });
    await until(
      () => seen.events.length > 0,
      'the event has arrived',
      () => JSON.stringify(seen),
    );
    unsubscribe();
    const [newest] = (await ann.notification.notifications.list.query()).items;
    expect(before.items.map(({ id }) => id)).not.toContain(newest?.id);
    expect(seen.events).toEqual([{ id: newest?.id, title: newest?.title, topic: 'comment' }]);
    expect(seen.errors).toEqual([]);
  });

  test('without a token is refused as any call is', async () => {
    const { seen, unsubscribe } = subscribe(undefined);
    await until(
      () => seen.errors.length > 0,
      'it is refused',
      () => JSON.stringify(seen),
    );
    unsubscribe();
    expect(seen.errors.map((error) => (isTRPCClientError(error) ? error.data : error))).toMatchObject([
      { code: 'UNAUTHORIZED', path: 'notifications.watch' },
    ]);
    expect(seen.events).toEqual([]);
  });
});
