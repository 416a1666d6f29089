import { once } from 'node:events';
import { createTRPCClient, createWSClient, retryLink, wsLink } from '@trpc/client';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { RouterOf } from '../../contract/index.ts';
import {
  createAuthenticate,
  followRevocations,
  ownRevocations,
  type RevocationFollower,
} from '../../identity/index.ts';
import { issueServiceToken, issueUserToken, serviceTokenLifetime } from '../../issuer/index.ts';
import { RevocationList, recordingLogger, silentLogger } from '../../testing/index.ts';
import type { shop } from '../../testing/shop.ts';
import { ShopSuite } from '../../testing/shop-suite.ts';
import type { Denial } from '../access/denial.ts';
import type { ServeOptions } from '../index.ts';

const suite = new ShopSuite();
let list: RevocationList;
let feed: RevocationFollower;
let denials: Denial[];

async function open(options: Partial<ServeOptions> = {}) {
  suite.service = await suite.start({
    authenticate: createAuthenticate(suite.identity.keys, { revocations: feed.set }),
    revocations: feed,
    onDenied: (denial) => denials.push(denial),
    ...options,
  });
}

beforeEach(async () => {
  list = new RevocationList();
  denials = [];
  const source = ownRevocations({
    list: (after, signal) => list.list(after, signal),
    watch: (after, signal) => list.events(after, signal),
  });
  feed = await followRevocations({ source, from: 'itself', log: silentLogger });
  suite.cleanups.push(() => feed.stop());
  await feed.loaded();
  await open();
});

/** A token of the till. @param leftMs Remaining lifetime, in milliseconds. */
const till = (leftMs = serviceTokenLifetime * 1000) =>
  issueServiceToken(
    suite.identity.signingKey,
    { id: 'till-id', name: 'till' },
    new Date(Date.now() + leftMs - serviceTokenLifetime * 1000),
  );

const ann = async () =>
  (await issueUserToken(suite.identity.signingKey, { id: 'u1', name: 'Ann', role: 'user' })).token;

async function revoke(tokenId: string) {
  list.revoke(tokenId, Date.now() + serviceTokenLifetime * 1000);
  await vi.waitFor(() => expect(feed.set.has(tokenId)).toBe(true));
}

async function openRaw({ params, headers }: { params?: unknown; headers?: Record<string, string> }) {
  const url = suite.service.url.replace('http', 'ws');
  const path = params === undefined ? '/trpc' : '/trpc?connectionParams=1';
  const socket = new WebSocket(`${url}${path}`, { headers });
  suite.cleanups.push(() => socket.terminate());
  const received: { id?: unknown; method?: string; result?: unknown; error?: unknown }[] = [];
  socket.on('message', (data) => received.push(JSON.parse((data as Buffer).toString())));
  const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)]);
  await once(socket, 'open');
  const send = (message: unknown) => socket.send(JSON.stringify(message));
  if (params !== undefined) send({ method: 'connectionParams', data: params });
  const answerTo = (id: number) =>
    vi.waitFor(() => {
      const found = received.find((message) => message.id === id);
      if (!found) throw new Error(`no answer to ${id}`);
      return found;
    });
  return { socket, received, closed, send, answerTo };
}

const take = (id: number) => ({ id, method: 'mutation', params: { path: 'stock.take' } });
const slow = (id: number) => ({ id, method: 'mutation', params: { path: 'stock.slow' } });

function stock(paramsOf: () => Record<string, string> | Promise<Record<string, string>>) {
  const seen = { asked: 0, delays: [] as number[], closedWith: [] as (number | undefined)[] };
  const client = createWSClient({
    url: `${suite.service.url.replace('http', 'ws')}/trpc`,
    connectionParams: () => {
      seen.asked += 1;
      return paramsOf();
    },
    retryDelayMs: (attempt) => {
      seen.delays.push(attempt);
      return attempt * 20;
    },
    onClose: (cause) => seen.closedWith.push(cause?.code),
  });
  suite.cleanups.push(() => client.close());
  return { made: createTRPCClient<RouterOf<typeof shop>>({ links: [wsLink({ client })] }), seen, client };
}

function watchTicks({ made }: Pick<ReturnType<typeof stock>, 'made'>) {
  const told: number[] = [];
  const failed: unknown[] = [];
  const subscription = made.ticks.watch.subscribe(undefined, {
    onData: ({ data }) => told.push(data.n),
    onError: (error) => failed.push(error),
  });
  suite.cleanups.push(() => subscription.unsubscribe());
  return { told, failed };
}

describe('credentials that expire or are revoked', () => {
  test.each(['headers', 'connectionParams'] as const)(
    'close a connection opened by %s after each call is answered',
    async (by) => {
      const { token, tokenId } = await till();
      const presented = { authorization: `Service-Token ${token}` };
      const raw = await openRaw(by === 'headers' ? { headers: presented } : { params: presented });
      raw.send(take(1));
      expect(await raw.answerTo(1)).toMatchObject({ result: { data: { by: 'till' } } });
      raw.send(slow(2));
      await vi.waitFor(() => expect(suite.state.slowCalls).toBe(1));
      await revoke(tokenId);
      await vi.waitFor(() => expect(raw.received).toContainEqual({ id: null, method: 'reconnect' }));
      raw.send(take(3));
      expect(await raw.answerTo(3)).toMatchObject({ error: { data: { code: 'UNAUTHORIZED' } } });
      // A call under way keeps the connection open, and new calls are still answered.
      await new Promise((resolve) => setTimeout(resolve, 700));
      raw.send(take(4));
      expect(await raw.answerTo(4)).toMatchObject({ error: { data: { code: 'UNAUTHORIZED' } } });
      expect(raw.socket.readyState).toBe(WebSocket.OPEN);
      suite.state.finish.resolve();
      expect(await raw.answerTo(2)).toMatchObject({ result: { data: { n: 1 } } });
      expect(await raw.closed).toEqual([4401, 'The token this subscription started with was revoked']);
    },
  );

  test('a stock client reconnects with fresh ones after revocation', async () => {
    let current = await till();
    const { made, seen } = stock(() => ({ authorization: `Service-Token ${current.token}` }));
    expect(await made.stock.take.mutate()).toEqual({ by: 'till' });
    const { tokenId } = current;
    current = await till();
    await revoke(tokenId);
    await vi.waitFor(() => expect(seen.closedWith).toHaveLength(1));
    expect(await made.stock.take.mutate()).toEqual({ by: 'till' });
    expect(seen.asked).toBe(2);
    expect(denials).toEqual([]);
  });

  test('a stock client reconnects with fresh ones after expiry, and no call fails', async () => {
    const tokens = [await till(2500), await till()];
    const { made, seen } = stock(() => ({ Authorization: `Service-Token ${tokens.shift()?.token}` }));
    for (let n = 0; n < 60 && seen.asked < 2; n += 1) {
      expect(await made.stock.take.mutate()).toEqual({ by: 'till' });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await made.stock.take.mutate()).toEqual({ by: 'till' });
    expect([seen.asked, denials]).toEqual([2, []]);
  });

  test('a stock client moves its subscriptions without losing or repeating an event', async () => {
    let current = await till();
    const stocked = stock(() => ({ authorization: `Service-Token ${current.token}` }));
    const { told, failed } = watchTicks(stocked);
    await vi.waitFor(() => expect(told).toEqual([1, 2, 3]));
    const { tokenId } = current;
    current = await till();
    await revoke(tokenId);
    await vi.waitFor(() => expect(told).toEqual([1, 2, 3, 4, 5, 6]));
    await vi.waitFor(() => expect(stocked.seen.closedWith).toHaveLength(1));
    expect([told, failed]).toEqual([[1, 2, 3, 4, 5, 6], []]);
  });

  test('a subscription fails with the reason if its client has no fresh ones', async () => {
    const current = await till();
    const { told, failed } = watchTicks(stock(() => ({ authorization: `Service-Token ${current.token}` })));
    await vi.waitFor(() => expect(told).toEqual([1, 2, 3]));
    await revoke(current.tokenId);
    await vi.waitFor(() => expect(failed).toHaveLength(1));
    expect(failed).toMatchObject([{ data: { code: 'UNAUTHORIZED' }, message: /revoked/ }]);
    expect(told).toEqual([1, 2, 3]);
  });

  test('a raw subscription gets no more events and fails with the reason before the connection closes', async () => {
    const { token, tokenId } = await till();
    const raw = await openRaw({ params: { authorization: `Service-Token ${token}` } });
    raw.send({ id: 1, method: 'subscription', params: { path: 'ticks.watch' } });
    await vi.waitFor(() => expect(raw.received).toHaveLength(4));
    await revoke(tokenId);
    expect(await raw.closed).toEqual([4401, expect.any(String)]);
    expect(raw.received.slice(4)).toMatchObject([
      { id: null, method: 'reconnect' },
      { id: 1, error: { message: 'The token this subscription started with was revoked' } },
    ]);
  });

  test('an invalid user token of one message fails only that call', async () => {
    const { token } = await till();
    const headers = { authorization: `Service-Token ${token}` };
    const raw = await openRaw({ headers });
    raw.send({ ...take(1), params: { path: 'stock.takeFor' }, headers: { 'x-user-token': 'a.b.c' } });
    expect(await raw.answerTo(1)).toMatchObject({ error: { data: { code: 'UNAUTHORIZED' } } });
    raw.send({ ...take(2), params: { path: 'stock.takeFor' }, headers: { 'x-user-token': await ann() } });
    expect(await raw.answerTo(2)).toMatchObject({ result: { data: { by: 'till for Ann' } } });
    expect(raw.received).toHaveLength(2);
  });

  test('a token within the clock tolerance closes nothing until it is refused', async () => {
    const expired = await till(-1000);
    const raw = await openRaw({ headers: { authorization: `Service-Token ${expired.token}` } });
    raw.send(take(1));
    expect(await raw.answerTo(1)).toMatchObject({ result: {} });
    expect(raw.received).toHaveLength(1);
    await revoke(expired.tokenId);
    raw.send(take(2));
    expect(await raw.answerTo(2)).toMatchObject({ error: { data: { code: 'UNAUTHORIZED' } } });
    expect(await raw.closed).toEqual([4401, 'The service token is refused: it was revoked']);
  });
});

describe('invalid credentials', () => {
  test('get an error without id and a close, as in tRPC, and are recorded', async () => {
    const raw = await openRaw({ params: { authorization: 'Bearer a.b.c' } });
    expect(await raw.closed).toEqual([4401, 'The user token is refused: it is malformed']);
    expect(raw.received).toMatchObject([{ id: null, error: { data: { code: 'UNAUTHORIZED' } } }]);
    expect(denials).toMatchObject([{ procedure: '/trpc', reason: 'bad-credentials' }]);
  });

  test('fail each call sent along with them', async () => {
    const raw = await openRaw({ params: { authorization: 'Service-Token a.b.c' } });
    raw.send([take(1), { id: 2, method: 'query', params: { path: 'items.get', input: { id: 1 } } }]);
    raw.send({ id: 3, method: 'subscription', params: { path: 'ticks.watch' } });
    await raw.closed;
    expect(raw.received.map(({ id }) => id)).toEqual([1, 2, 3, null]);
    for (const { error } of raw.received) expect(error).toMatchObject({ data: { code: 'UNAUTHORIZED' } });
    expect(denials.map(({ procedure }) => procedure)).toEqual(['stock.take', 'items.get', 'ticks.watch']);
  });

  test('make a stock client back off until it has valid ones', async () => {
    const good = `Service-Token ${(await till()).token}`;
    let asked = 0;
    const { made, seen } = stock(() => {
      asked += 1;
      return { authorization: asked <= 3 ? 'Service-Token a.b.c' : good };
    });
    await vi.waitFor(async () => expect(await made.stock.take.mutate()).toEqual({ by: 'till' }));
    expect(seen.delays).toEqual([1, 2, 3]);
    expect(seen.closedWith).toEqual([4401, 4401, 4401]);
  });

  test('of a subscription that retries at once do not cause a reconnect storm', async () => {
    const { client, seen } = stock(() => ({ authorization: 'Service-Token a.b.c' }));
    const codes: unknown[] = [];
    const link = retryLink<RouterOf<typeof shop>>({
      retry: ({ error }) => codes.push(error.data?.code) < 1000,
      retryDelayMs: () => 50,
    });
    const made = createTRPCClient<RouterOf<typeof shop>>({ links: [link, wsLink({ client })] });
    watchTicks({ made });
    await vi.waitFor(() => expect(seen.delays).toEqual([1, 2, 3]));
    expect(codes).toContain('UNAUTHORIZED');
    expect(seen.asked).toBeLessThanOrEqual(4);
  });

  test('count against the rate limit of anonymous calls', async () => {
    await open({ rateLimit: { callsPerMinute: 3 } });
    const codes: unknown[] = [];
    for (let n = 0; n < 3; n += 1)
      codes.push((await (await openRaw({ params: { authorization: 'Bearer a.b.c' } })).closed)[0]);
    const refused = new WebSocket(`${suite.service.url.replace('http', 'ws')}/trpc?connectionParams=1`);
    refused.on('error', () => {});
    const [, { statusCode, headers }] = await once(refused, 'unexpected-response');
    expect([codes, statusCode]).toEqual([[4401, 4401, 4401], 429]);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('connectionParams', () => {
  test.each(['authorization', 'Authorization', 'AUTHORIZATION'])(
    'authenticate a service by %s',
    async (key) => {
      const { made } = stock(async () => ({ [key]: `Service-Token ${(await till()).token}`, locale: 'de' }));
      expect(await made.stock.take.mutate()).toEqual({ by: 'till' });
    },
  );

  test.each(['x-user-token', 'X-User-Token'])('name the user a service acts for by %s', async (key) => {
    const { made } = stock(async () => ({
      Authorization: `Service-Token ${(await till()).token}`,
      [key]: await ann(),
    }));
    expect(await made.stock.takeFor.mutate()).toEqual({ by: 'till for Ann' });
  });

  test.each([null, {}, { locale: 'de' }])('without credentials are anonymous: %j', async (params) => {
    const raw = await openRaw({ params });
    raw.send({ id: 1, method: 'query', params: { path: 'items.get', input: { id: 1 } } });
    expect(await raw.answerTo(1)).toMatchObject({ result: {} });
    raw.send(take(2));
    expect(await raw.answerTo(2)).toMatchObject({ error: { data: { code: 'UNAUTHORIZED' } } });
    expect(raw.received).toHaveLength(2);
  });

  test.each([
    ['an array', [], 'connectionParams must be an object'],
    ['a text', 'Bearer x', 'connectionParams must be an object'],
    [
      'a token that is not a string',
      { authorization: 7 },
      'connectionParams must hold strings: authorization is not one',
    ],
    [
      'two spellings of one key',
      { authorization: 'a', Authorization: 'b' },
      'connectionParams contain authorization twice',
    ],
  ])('that are %s close the connection with the reason', async (_what, params, reason) => {
    const raw = await openRaw({ params });
    expect(await raw.closed).toEqual([1008, `The message is not one of tRPC's: ${reason}`]);
    expect(raw.received).toMatchObject([{ id: null, error: { data: { code: 'BAD_REQUEST' } } }]);
  });
});

describe('a mesh client', () => {
  test('loses no call when its token is revoked', async () => {
    const { token, tokenId } = await till();
    const log = recordingLogger();
    const client = suite.client({ token, log });
    expect(await client.stock.take.mutate()).toEqual({ by: 'till' });
    const underWay = client.stock.slow.mutate();
    await vi.waitFor(() => expect(suite.state.slowCalls).toBe(1));
    await revoke(tokenId);
    const codes = new Set<unknown>();
    const end = performance.now() + 1200;
    while (performance.now() < end) {
      await client.stock.take.mutate().catch((error: { data: { code: string; inDoubt?: true } }) => {
        codes.add(`${error.data.code}${error.data.inDoubt ? ', in doubt' : ''}`);
      });
      if (performance.now() > end - 400) suite.state.finish.resolve();
    }
    // Before and while the connection closes, and over HTTP after that.
    expect(codes).toEqual(new Set(['UNAUTHORIZED']));
    expect(await underWay).toEqual({ n: 1 });
  });

  test('keeps its connection if its token is renewed in time', async () => {
    const tokens = [await till(1500), await till()];
    const [first] = tokens;
    const log = recordingLogger();
    let token = tokens[0]?.token ?? '';
    const client = suite.client({ token: () => token, log });
    expect(await client.stock.take.mutate()).toEqual({ by: 'till' });
    token = tokens[1]?.token ?? '';
    const answers: unknown[] = [];
    while (Date.now() < Number(first?.expiresAt.getTime()) + 1000) {
      answers.push(await client.stock.take.mutate());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set(['{"by":"till"}']));
    expect(log.lines).toEqual([]);
  });
});
