import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { connect } from '../client/index.ts';
import { anyone, contract, query, services, subscription, user, either } from '../contract/index.ts';
import { degradedWhile, probeService } from '../health/index.ts';
import {
  createAuthenticate,
  followRevocations,
  ownRevocations,
  remoteRevocations,
  type RevocationFollower,
} from '../identity/index.ts';
import { issueServiceToken, issueUserToken } from '../issuer/index.ts';
import {
  createTestIdentity,
  recordingLogger,
  registry,
  RevocationList,
  silentLogger,
  startRegistry,
  type TestIdentity,
} from '../testing/index.ts';
import { serve, tracked, type RunningService, type ServiceOptions } from './index.ts';

/** A service that believes what the registry says. */
const desk = contract('desk', {
  whoami: query({
    summary: 'Who calls',
    output: z.object({ by: z.string() }),
    access: either(user, services('till')),
  }),
  hello: query({ summary: 'Anyone', output: z.object({}), access: anyone }),
  careless: subscription({
    summary: 'Does not look at its signal',
    input: z.object({ lastEventId: z.string().nullish() }).optional(),
    output: z.object({ n: z.int() }),
    access: user,
  }),
  ticks: subscription({
    summary: 'Never ends by itself',
    input: z.object({ lastEventId: z.string().nullish() }).optional(),
    output: z.object({ n: z.int() }),
    access: either(user, services('till')),
  }),
});

let identity: TestIdentity;
let list: RevocationList;
const cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  identity = await createTestIdentity();
  list = new RevocationList();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function openRegistry(port = 0): Promise<RunningService> {
  const started = await startRegistry(list, identity.authenticate, port);
  cleanups.push(() => started.stop());
  return started;
}

/** Follows the registry from another process's place: over real sockets, as a service. */
async function follow(url: string) {
  const log = recordingLogger();
  const client = connect(registry, {
    as: 'desk',
    url,
    token: await identity.serviceToken('desk'),
    log,
  });
  const feed = await followRevocations({
    source: remoteRevocations(client.revocations),
    from: 'registry',
    log,
  });
  cleanups.push(async () => {
    await feed.stop();
    await client[Symbol.asyncDispose]();
  });
  return { feed, log };
}

/** What `careless` waits for after its first event. */
const pulse = Promise.withResolvers<void>();

/** Handlers that `ticks` has under way. */
let ticking = 0;

async function startDesk(
  feed: Pick<RevocationFollower, 'set' | 'status'>,
  options: Partial<ServiceOptions> = {},
) {
  const started = await serve(
    desk,
    {
      whoami: async ({ caller }) => ({ by: caller.service?.name ?? caller.user?.name ?? '' }),
      hello: async () => ({}),
      async *careless() {
        for (let n = 1; ; n += 1) {
          yield tracked(String(n), { n });
          await pulse.promise;
        }
      },
      async *ticks({ signal }) {
        ticking += 1;
        try {
          yield tracked('1', { n: 1 });
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        } finally {
          ticking -= 1;
        }
      },
    },
    {
      version: '1',
      port: 0,
      log: silentLogger,
      authenticate: createAuthenticate(identity.keys, { revocations: feed.set }),
      revocations: feed,
      pingDatabase: async () => {},
      ...options,
    },
  );
  started.ready();
  cleanups.push(() => started.stop());
  return started;
}

function clientOf(url: string, as: 'till' | 'user', token: string) {
  const made = connect(desk, { as, url, token, log: silentLogger });
  cleanups.push(() => made[Symbol.asyncDispose]());
  return made;
}

const annOf = (sessionId: string) =>
  issueUserToken(identity.signingKey, { id: 'u1', name: 'Ann', role: 'user', sessionId });
const till = () => issueServiceToken(identity.signingKey, { id: 'till-id', name: 'till' });

describe('over real sockets', () => {
  test('a token that is revoked is refused from the next call on, on the WebSocket that is open', async () => {
    const { feed } = await follow((await openRegistry()).url);
    await feed.loaded();
    const { url } = await startDesk(feed);
    const [one, other] = [await till(), await till()];
    const [calls, others] = [clientOf(url, 'till', one.token), clientOf(url, 'till', other.token)];
    expect(await calls.whoami.query()).toEqual({ by: 'till' });
    list.revoke(one.tokenId);
    await vi.waitFor(() => expect(feed.set.has(one.tokenId)).toBe(true), { timeout: 2000 });
    await expect(calls.whoami.query()).rejects.toMatchObject({
      message: 'The service token is refused: it was revoked',
      data: { code: 'UNAUTHORIZED' },
    });
    expect(await others.whoami.query()).toEqual({ by: 'till' });
  });

  test('a session that is ended ends each of its tokens, and what they watch', async () => {
    const { feed } = await follow((await openRegistry()).url);
    await feed.loaded();
    const { url } = await startDesk(feed);
    const tokens = [await annOf('s1'), await annOf('s1'), await annOf('s2')];
    const failed: unknown[] = [];
    const clients = tokens.map(({ token }) => clientOf(url, 'user', token));
    for (const client of clients)
      client.ticks.subscribe(undefined, { onError: (error) => failed.push(error) });
    await vi.waitFor(() => expect(ticking).toBe(3));
    list.revoke('s1');
    await vi.waitFor(() => expect(failed).toHaveLength(2), { timeout: 2000 });
    expect(failed).toMatchObject(
      Array.from({ length: 2 }, () => ({
        message: expect.stringContaining('revoked'),
        data: { code: 'UNAUTHORIZED' },
      })),
    );
    expect(ticking).toBe(1);
    await expect(clients[0]?.whoami.query()).rejects.toMatchObject({
      message: 'The user token is refused: it was revoked',
    });
    expect(await clients[2]?.whoami.query()).toEqual({ by: 'Ann' });
  });

  test('a key that is withdrawn ends all that it signed, also where it is still held', async () => {
    const { feed } = await follow((await openRegistry()).url);
    await feed.loaded();
    const { url } = await startDesk(feed);
    const [service, person] = [clientOf(url, 'till', (await till()).token), (await annOf('s1')).token];
    const known = clientOf(url, 'user', person);
    expect(await known.whoami.query()).toEqual({ by: 'Ann' });
    const failed: unknown[] = [];
    service.ticks.subscribe(undefined, { onError: (error) => failed.push(error) });
    await vi.waitFor(() => expect(ticking).toBe(1));
    list.revoke(identity.jwk.kid);
    await vi.waitFor(() => expect(failed).toHaveLength(1), { timeout: 2000 });
    expect(ticking).toBe(0);
    expect(identity.keys.trusted.has(identity.jwk.kid)).toBe(true);
    const refused = { data: { code: 'UNAUTHORIZED' }, message: expect.stringContaining('it was revoked') };
    await expect(known.whoami.query()).rejects.toMatchObject(refused);
    // Nor one that was never seen, as whoever has stolen the key makes it.
    const forged = clientOf(url, 'user', (await annOf('s2')).token);
    await expect(forged.hello.query()).rejects.toMatchObject({ data: { code: 'UNAUTHORIZED' } });
  });

  test('where the stream goes silent, a revocation is in force within two seconds all the same', async () => {
    const { feed, log } = await follow((await openRegistry()).url);
    await feed.loaded();
    const one = await till();
    list.silence();
    list.watches = 'is silent';
    const begin = performance.now();
    list.revoke(one.tokenId);
    await vi.waitFor(() => expect(feed.set.has(one.tokenId)).toBe(true), { timeout: 5000, interval: 10 });
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(feed.status().state).toBe('polling');
    list.watches = 'answers';
    await vi.waitFor(() => expect(feed.status().state).toBe('following'), { timeout: 15_000 });
    expect(
      log.lines.filter(({ message }) => message.includes('revocation stream')).map(({ level }) => level),
    ).toEqual(['warn', 'info']);
  });

  test('where it is gone, health says so, and it is followed again when it is back', async () => {
    const source = await openRegistry();
    const { feed } = await follow(source.url);
    await feed.loaded();
    list.revoke('x');
    await vi.waitFor(() => expect(feed.set.has('x')).toBe(true));
    const always = async () => ({ status: 'healthy' as const, responseTimeMs: 1 });
    const { url } = await startDesk(feed, {
      dependencies: {
        registry: degradedWhile(() => feed.status().state === 'stale', always),
        itself: probeService(source.url),
      },
    });
    const ask = async (path: string, headers = {}) => {
      const answer = await fetch(`${url}${path}`, { headers });
      return { http: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    expect(await ask('/health')).toMatchObject({
      http: 200,
      body: { status: 'healthy', dependencies: { registry: 'healthy', itself: 'healthy' } },
    });
    await source.stop();
    await vi.waitFor(
      async () =>
        expect(await ask('/health')).toMatchObject({
          http: 200,
          body: { status: 'degraded', dependencies: { registry: 'degraded' } },
        }),
      { timeout: 12_000, interval: 200 },
    );
    expect((await ask('/readyz')).http).toBe(200);
    const authorization = `Service-Token ${(await till()).token}`;
    expect((await ask('/api/mesh', { authorization })).body).toMatchObject({
      identity: {
        revocations: { state: 'stale', size: 1, position: 1, confirmed_ms_ago: expect.any(Number) },
      },
    });
    expect((await (await fetch(`${url}/metrics`)).text()).split('\n')).toEqual(
      expect.arrayContaining([
        'mesh_revocations{state="stale"} 1',
        expect.stringMatching(/^mesh_revocations_confirmed_seconds \d/),
        expect.stringMatching(/^mesh_revocation_events_total\{by="watch"\} \d/),
      ]),
    );
    await openRegistry(source.port);
    await vi.waitFor(() => expect(feed.status().state).toBe('following'), { timeout: 10_000 });
    expect((await ask('/health')).body).toMatchObject({ dependencies: { registry: 'healthy' } });
  }, 40_000);

  test('a source that does not know revocations leaves the service degraded, and serving', async () => {
    const { url: elsewhere } = await startDesk({
      set: (await follow('http://127.0.0.1:9')).feed.set,
      status: () => ({ state: 'stale', size: 0, position: 0, confirmedMsAgo: undefined }),
    });
    const { feed, log } = await follow(elsewhere);
    await feed.loaded();
    expect(feed.status()).toMatchObject({ state: 'stale', size: 0 });
    const { url } = await startDesk(feed);
    expect(await clientOf(url, 'till', (await till()).token).whoami.query()).toEqual({ by: 'till' });
    expect(log.lines.filter(({ message }) => message.includes('lost the revocation stream'))).toHaveLength(1);
  });
});

test('a service may follow what it knows itself', async () => {
  const feed = await followRevocations({
    source: ownRevocations({
      list: (after, signal) => list.list(after, signal),
      watch: (after, signal) => list.events(after, signal),
    }),
    from: 'itself',
    log: silentLogger,
  });
  cleanups.push(() => feed.stop());
  list.revoke('a');
  await feed.loaded();
  list.revoke('b');
  await vi.waitFor(() => expect(feed.set.has('b')).toBe(true));
  expect(feed.status()).toMatchObject({ state: 'following', size: 2 });
  await feed.stop();
  expect(list.open).toBe(0);
});

test('of thousands of subscriptions those end that are meant, in the moment of the revocation', async () => {
  const feed = await followRevocations({ source: list, from: 'registry', log: silentLogger });
  cleanups.push(() => feed.stop());
  await feed.loaded();
  const { url } = await startDesk(feed);
  const one = await annOf('s1');
  const failed: unknown[] = [];
  clientOf(url, 'user', one.token).ticks.subscribe(undefined, { onError: (error) => failed.push(error) });
  let told = 0;
  for (let n = 0; n < 50_000; n += 1) feed.set.watch([`t${n}`, `s-${n}`], () => (told += 1));
  await vi.waitFor(() => expect(ticking).toBe(1));
  const begin = performance.now();
  list.revoke('s-7');
  list.revoke(one.tokenId);
  expect(performance.now() - begin).toBeLessThan(20);
  expect(told).toBe(1);
  await vi.waitFor(() => expect(failed).toHaveLength(1));
  expect(ticking).toBe(0);
});

test('a handler that does not look at its signal has told its last when the token is revoked', async () => {
  const feed = await followRevocations({ source: list, from: 'registry', log: silentLogger });
  cleanups.push(() => feed.stop());
  await feed.loaded();
  const { url } = await startDesk(feed);
  const one = await annOf('s1');
  const [seen, failed]: [unknown[], unknown[]] = [[], []];
  clientOf(url, 'user', one.token).careless.subscribe(undefined, {
    onData: ({ data }) => seen.push(data),
    onError: (error) => failed.push(error),
  });
  await vi.waitFor(() => expect(seen).toEqual([{ n: 1 }]));
  list.revoke(one.tokenId);
  pulse.resolve();
  await vi.waitFor(() => expect(failed).toMatchObject([{ data: { code: 'UNAUTHORIZED' } }]));
  expect(seen).toEqual([{ n: 1 }]);
});

test('a revoked token is not remembered, and what is remembered of others is', async () => {
  const feed = await followRevocations({ source: list, from: 'registry', log: silentLogger });
  cleanups.push(() => feed.stop());
  const find = vi.fn(identity.keys.find);
  const authenticate = createAuthenticate({ ...identity.keys, find }, { revocations: feed.set });
  const [one, ann] = [await till(), await annOf('s1')];
  const credentials = { authorization: `Service-Token ${one.token}`, userToken: ann.token };
  const first = await authenticate(credentials);
  expect(authenticate(credentials)).toEqual(first);
  list.revoke('s1');
  await feed.loaded();
  await expect(authenticate(credentials)).rejects.toMatchObject({
    code: 'UNAUTHORIZED',
    message: 'The user token is refused: it was revoked',
  });
  find.mockClear();
  expect(authenticate({ ...credentials, userToken: undefined })).toMatchObject({ user: undefined });
  expect(find).not.toHaveBeenCalled();
  list.revoke(one.tokenId);
  await expect(authenticate(credentials)).rejects.toMatchObject({
    message: 'The service token is refused: it was revoked',
  });
});
