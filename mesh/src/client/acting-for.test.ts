import {
  createTRPCClient,
  createWSClient,
  httpBatchLink,
  httpSubscriptionLink,
  splitLink,
  wsLink,
} from '@trpc/client';
import { EventSource } from 'eventsource';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  actingFor,
  admin,
  anyone,
  anyService,
  contract,
  either,
  mutation,
  needsUser,
  query,
  services,
  subscription,
  user,
  type Caller,
  type RouterOf,
} from '../contract/index.ts';
import { serve, tracked, type RunningService } from '../server/index.ts';
import {
  createTestIdentity,
  recordingLogger,
  silentLogger,
  type LoggedLine,
  type TestIdentity,
} from '../testing/index.ts';
import { connect, InDoubtError, type JobClient, type MeshClient } from './index.ts';

const seen = z.object({ by: z.string() });

/** Called by the till. */
const shop = contract('shop', {
  takeFor: mutation({ summary: 'For a user', output: seen, access: actingFor(services('till'), user) }),
  take: mutation({ summary: 'For the till', output: seen, access: services('till') }),
  both: query({
    summary: 'With a user or without',
    output: seen,
    access: either(services('till'), actingFor(services('till'), user)),
  }),
  open: query({ summary: 'Open to anyone', output: seen, access: anyone }),
  watchFor: subscription({ summary: 'For a user', output: seen, access: actingFor(services('till'), user) }),
});
type Shop = MeshClient<typeof shop, 'till'>;

/** Calls the shop for those who call it. */
const till = contract('till', {
  buy: mutation({
    summary: 'Ask the shop',
    output: seen,
    access: either(user, actingFor(services('kiosk'), user)),
  }),
  look: query({ summary: 'Ask the shop, whoever asks', output: seen, access: anyone }),
  takeAlong: query({ summary: 'What the shop sees of other calls', output: z.array(seen), access: user }),
  later: mutation({ summary: 'Ask the shop after the answer', output: z.object({}), access: user }),
  watch: subscription({ summary: 'Watch the shop', output: seen, access: user }),
});

let identity: TestIdentity;
let shopService: RunningService;
let tillService: RunningService;
let calls: Shop;
let ann: string;
let log: ReturnType<typeof recordingLogger>;
let afterwards = Promise.withResolvers<{ by: string }>();

const nameOf = ({ service, user: behind }: Caller) => ({
  by: `${service?.name ?? 'no service'} for ${behind?.name ?? 'no user'}`,
});

beforeAll(async () => {
  identity = await createTestIdentity();
  const { authenticate } = identity;
  const options = { version: '1', port: 0, log: silentLogger, authenticate, pingDatabase: async () => {} };
  shopService = await serve(
    shop,
    {
      takeFor: async ({ caller }) => nameOf(caller),
      take: async ({ caller }) => nameOf(caller),
      both: async ({ caller }) => nameOf(caller),
      open: async ({ caller }) => nameOf(caller),
      async *watchFor({ caller, signal }) {
        yield tracked('1', nameOf(caller));
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    },
    options,
  );
  log = recordingLogger();
  calls = await connectTill();
  tillService = await serve(
    till,
    {
      buy: () => calls.takeFor.mutate(),
      look: () => calls.takeFor.mutate(),
      takeAlong: () => Promise.all([calls.take.mutate(), calls.both.query(), calls.open.query()]),
      later: async ({ inBackground }) => {
        inBackground(() => calls.takeFor.mutate().then(afterwards.resolve, afterwards.reject));
        return {};
      },
      async *watch({ signal }) {
        for await (const { id, data } of calls.watchFor.subscribe(undefined, { signal }))
          yield tracked(id, data);
      },
    },
    options,
  );
  shopService.ready();
  tillService.ready();
  ann = await identity.userToken({ name: 'Ann' });
});

beforeEach(() => {
  afterwards = Promise.withResolvers();
});

afterAll(async () => {
  await calls[Symbol.asyncDispose]();
  await Promise.all([shopService.stop(), tillService.stop()]);
});

async function connectTill(transport: 'websocket' | 'http' = 'websocket'): Promise<Shop> {
  return connect(shop, {
    as: 'till',
    url: shopService.url,
    token: await identity.serviceToken('till'),
    log,
    transport,
  });
}

const forAnn = { by: 'till for Ann' };

describe('a handler that serves a user calls for that user', () => {
  const authorization = () => ({ authorization: `Bearer ${ann}` });

  test('asked over HTTP, in a batch, by stock tRPC', async () => {
    const stock = createTRPCClient<RouterOf<typeof till>>({
      links: [httpBatchLink({ url: `${tillService.url}/trpc`, headers: authorization })],
    });
    expect(await stock.buy.mutate()).toEqual(forAnn);
    expect(await Promise.all([stock.buy.mutate(), stock.buy.mutate()])).toEqual([forAnn, forAnn]);
  });

  test('asked over a stock WebSocket', async () => {
    const client = createWSClient({
      url: `${tillService.url.replace('http', 'ws')}/trpc`,
      connectionParams: authorization,
    });
    const stock = createTRPCClient<RouterOf<typeof till>>({ links: [wsLink({ client })] });
    expect(await stock.buy.mutate()).toEqual(forAnn);
    await client.close();
  });

  test.each(['websocket', 'http'] as const)(
    'asked by the mesh client of a user, over %s',
    async (transport) => {
      await using mesh = connect(till, {
        as: 'user',
        url: tillService.url,
        token: ann,
        log: silentLogger,
        transport,
      });
      expect(await mesh.buy.mutate()).toEqual(forAnn);
    },
  );

  test.each(['websocket', 'http'] as const)(
    'asked by a service that acts for the user, over %s',
    async (transport) => {
      const token = await identity.serviceToken('kiosk');
      await using kiosk = connect(till, {
        as: 'kiosk',
        url: tillService.url,
        token,
        log: silentLogger,
        transport,
      });
      expect(await kiosk.buy.mutate(undefined, { context: { userToken: ann } })).toEqual(forAnn);
    },
  );

  test('over HTTP to the other service as well', async () => {
    const before = calls;
    calls = await connectTill('http');
    await using mesh = connect(till, { as: 'user', url: tillService.url, token: ann, log: silentLogger });
    expect(await mesh.buy.mutate()).toEqual(forAnn);
    await calls[Symbol.asyncDispose]();
    calls = before;
  });

  test('in the background of the call', async () => {
    await using mesh = connect(till, { as: 'user', url: tillService.url, token: ann, log: silentLogger });
    await mesh.later.mutate();
    expect(await afterwards.promise).toEqual(forAnn);
  });

  test('and subscribes for that user', async () => {
    const stock = createTRPCClient<RouterOf<typeof till>>({
      links: [
        splitLink({
          condition: ({ type }) => type === 'subscription',
          true: httpSubscriptionLink({
            url: `${tillService.url}/trpc`,
            EventSource,
            eventSourceOptions: () => ({
              fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...authorization() } }),
            }),
          }),
          false: httpBatchLink({ url: `${tillService.url}/trpc` }),
        }),
      ],
    });
    const first = Promise.withResolvers<unknown>();
    const watch = stock.watch.subscribe(undefined, {
      onData: ({ data }) => first.resolve(data),
      onError: first.reject,
    });
    expect(await first.promise).toEqual(forAnn);
    watch.unsubscribe();
  });

  test('two users at once are not mixed up', async () => {
    const ben = await identity.userToken({ name: 'Ben' });
    const callers = [ann, ben].map((token) =>
      connect(till, { as: 'user', url: tillService.url, token, log: silentLogger }),
    );
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => callers.map((caller) => caller.buy.mutate())).flat(),
    );
    expect(answers).toEqual(answers.map((_, n) => ({ by: `till for ${n % 2 ? 'Ben' : 'Ann'}` })));
    await Promise.all(callers.map((caller) => caller[Symbol.asyncDispose]()));
  });
});

test('only a call that wants a user takes the token along', async () => {
  await using mesh = connect(till, { as: 'user', url: tillService.url, token: ann, log: silentLogger });
  const alone = { by: 'till for no user' };
  expect(await mesh.takeAlong.query()).toEqual([alone, alone, alone]);
});

describe('without a user', () => {
  const failure = {
    message:
      'shop.takeFor must be called for a user, but this call has none: ' +
      'call it in a handler that serves a user, or pass { context: { userToken } }',
    data: { code: 'UNAUTHORIZED' },
  };
  const failuresIn = (lines: readonly LoggedLine[]) =>
    lines.filter(({ message }) => message === 'a call to shop failed');

  test('a call fails at once, and reaches no service', async () => {
    await using nowhere = connect(shop, {
      as: 'till',
      url: 'http://does-not-exist.invalid:1',
      token: 'none',
      log,
    });
    const before = failuresIn(log.lines).length;
    const error: unknown = await nowhere.takeFor.mutate().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(failure);
    expect(error).not.toBeInstanceOf(InDoubtError);
    expect(failuresIn(log.lines)).toHaveLength(before + 1);
  });

  test('so does a handler that serves no user, and a subscription', async () => {
    await using mesh = connect(till, { as: 'anyone', url: tillService.url, log: silentLogger });
    await expect(mesh.look.query()).rejects.toMatchObject({ data: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(failuresIn(log.lines).at(-1)?.fields).toMatchObject({ error: failure.message, retry_count: 0 });
    const refused = Promise.withResolvers<unknown>();
    calls.watchFor.subscribe(undefined, { onError: refused.resolve, onData: refused.reject });
    expect(await refused.promise).toMatchObject({
      message: expect.stringContaining('shop.watchFor must be called for a user'),
      data: { code: 'UNAUTHORIZED' },
    });
  });

  test('outside of a handler the token is named, and there the types ask for it', async () => {
    const job: JobClient<typeof shop, 'till'> = calls;
    expect(await job.takeFor.mutate(undefined, { context: { userToken: ann } })).toEqual(forAnn);
    expect(await job.both.query(undefined, { context: { userToken: ann } })).toEqual(forAnn);
  });
});

test('a rule wants a user behind a service where no alternative admits the service alone', () => {
  const behind = actingFor(services('till'), user);
  for (const [rule, wanted] of [
    [behind, true],
    [actingFor(services('till', 'kiosk'), admin), true],
    [either(user, behind), true],
    [either(behind, services('kiosk')), true],
    [either(behind, services('till')), false],
    [either(behind, anyone), false],
    [either(behind, anyService), false],
    [services('till'), false],
    [anyService, false],
    [anyone, false],
    [user, false],
    [actingFor(services('kiosk'), user), false],
  ] as const)
    expect(needsUser(rule, 'till')).toBe(wanted);
});
