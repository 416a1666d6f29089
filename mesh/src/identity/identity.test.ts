import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { nobody } from '../contract/index.ts';
import { createTestIdentity, recordingLogger, type TestIdentity } from '../testing/index.ts';
import { forge } from './testing/forge.ts';
import { createAuthenticate, createKeySet, publicPart } from './index.ts';
import { issueUserToken } from '../issuer/index.ts';

let ours: TestIdentity;
let theirs: TestIdentity;
beforeAll(async () => {
  ours = await createTestIdentity();
  theirs = await createTestIdentity();
});

const asService = (token: string, userToken?: string) =>
  ours.authenticate({ authorization: `Service-Token ${token}`, userToken });
const asUser = (token: string) =>
  ours.authenticate({ authorization: `Bearer ${token}`, userToken: undefined });

const now = () => Math.floor(Date.now() / 1000);

test('a user’s token belongs to its session, and expires with it at the latest', async () => {
  const user = { id: 'u1', name: 'Ann', role: 'user', sessionId: 's1' } as const;
  const notAfter = new Date((now() + 60) * 1000);
  const short = await issueUserToken(ours.signingKey, { ...user, notAfter });
  expect(short.expiresAt).toEqual(notAfter);
  expect(await asUser(short.token)).toMatchObject({
    user: { id: 'u1', sessionId: 's1', expiresAt: notAfter.getTime() },
  });
  const later = new Date((now() + 24 * 3600) * 1000);
  const whole = await issueUserToken(ours.signingKey, { ...user, notAfter: later });
  expect(whole.expiresAt.getTime()).toBeLessThanOrEqual((now() + 15 * 60) * 1000);
});

test('a user’s token says since when the user has the role; one from before that was said does not', async () => {
  const since = new Date(1_700_000_000_123);
  const user = { id: 'u1', name: 'Ann', role: 'admin' } as const;
  const { token } = await issueUserToken(ours.signingKey, { ...user, roleSince: since });
  const said = { user: { role: 'admin', roleSince: since.getTime() } };
  expect(await asUser(token)).toMatchObject(said);
  expect(await asService(await ours.serviceToken('wiki'), token)).toMatchObject(said);
  const older = await issueUserToken(ours.signingKey, user);
  expect((await asUser(older.token)).user?.roleSince).toBeUndefined();
  for (const claim of ['today', -1, 1e12, null]) {
    const forged = forge(ours.jwk, { kind: 'user', claims: { role_since: claim } });
    await expect(asUser(forged)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  }
});

test('a service’s token proves the service', async () => {
  expect(await asService(await ours.serviceToken('wiki'))).toMatchObject({
    service: { id: 'wiki-id', name: 'wiki' },
    user: undefined,
  });
  expect(await asService(forge(ours.jwk, { claims: { jti: 'token-1' } }))).toMatchObject({
    service: { name: 'wiki', tokenId: 'token-1' },
  });
});

test('a user’s token proves the user, and a service may add one', async () => {
  const token = await ours.userToken({ id: 'u1', name: 'Ann', role: 'admin' });
  const user = { id: 'u1', name: 'Ann', role: 'admin' };
  expect(await asUser(token)).toMatchObject({ service: undefined, user });
  expect(await asService(await ours.serviceToken('wiki'), token)).toMatchObject({
    service: { name: 'wiki' },
    user,
  });
});

test('no credentials are nobody', async () => {
  expect(await ours.authenticate({ authorization: undefined, userToken: undefined })).toBe(nobody);
});

test('a service’s token is no user’s', async () => {
  await expect(asUser(await ours.serviceToken('wiki'))).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
});

test.each(['Basic YTpi', 'Bearer', 'Service-Token', 'wiki'])(
  'the credentials %j are refused',
  async (authorization) => {
    const credentials = { authorization, userToken: undefined };
    await expect(ours.authenticate(credentials)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  },
);

describe('a token that was seen', () => {
  test('is not verified again, and is refused once it has expired', async () => {
    const find = vi.fn(ours.keys.find);
    const authenticate = createAuthenticate({ ...ours.keys, find });
    const credentials = { authorization: `Service-Token ${forge(ours.jwk)}`, userToken: undefined };
    await authenticate(credentials);
    await authenticate(credentials);
    expect(find).toHaveBeenCalledTimes(1);
    vi.useFakeTimers({ now: Date.now() + 90_000, toFake: ['Date'] });
    try {
      await expect(authenticate(credentials)).rejects.toMatchObject({
        message: expect.stringContaining('expired'),
      });
    } finally {
      vi.useRealTimers();
    }
  });

  test('is refused once its key is withdrawn', async () => {
    let trusted = true;
    const authenticate = createAuthenticate({
      ...ours.keys,
      trusted: { has: () => trusted },
      find: async (kid) => (trusted ? ours.keys.find(kid) : undefined),
    });
    const credentials = { authorization: `Service-Token ${forge(ours.jwk)}`, userToken: undefined };
    await authenticate(credentials);
    trusted = false;
    await expect(authenticate(credentials)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  test('is not pushed out by bad ones', async () => {
    const find = vi.fn(ours.keys.find);
    const authenticate = createAuthenticate({ ...ours.keys, find });
    const good = { authorization: `Service-Token ${forge(ours.jwk)}`, userToken: undefined };
    await authenticate(good);
    const bad = Array.from({ length: 12_000 }, (_, n) =>
      authenticate({ ...good, authorization: `Service-Token x${n}` }),
    );
    await Promise.allSettled(bad.map((one) => Promise.resolve(one)));
    await authenticate(good);
    expect(find).toHaveBeenCalledTimes(1);
  });
});

describe('the set of keys', () => {
  let published = { keys: [] as unknown[] };
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end(JSON.stringify(published));
  });
  let url: string;
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  test('asks once for an unknown id, however many tokens name one', async () => {
    published = { keys: [publicPart(ours.jwk), publicPart(theirs.jwk)] };
    asked = 0;
    const keys = await createKeySet({ initial: [publicPart(ours.jwk)], url, log: recordingLogger() });
    const found = await Promise.all([keys.find('x'), keys.find('y'), keys.find(theirs.jwk.kid)]);
    expect(found.map(Boolean)).toEqual([false, false, true]);
    await keys.find('z');
    expect(asked).toBe(1);
    keys.close();
  });

  test('asks for an unknown id also right after the schedule has asked, and then for no other', async () => {
    published = { keys: [publicPart(ours.jwk)] };
    asked = 0;
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
    try {
      const keys = await createKeySet({ initial: [publicPart(ours.jwk)], url, log: recordingLogger() });
      await keys.refresh();
      vi.advanceTimersByTime(5 * 60_000);
      await keys.refresh();
      expect(asked).toBe(2);
      published = { keys: [publicPart(ours.jwk), publicPart(theirs.jwk)] };
      const found = await Promise.all([keys.find(theirs.jwk.kid), keys.find('x'), keys.find('y')]);
      expect([found.map(Boolean), asked]).toEqual([[true, false, false], 3]);
      for (let second = 1; second < 10; second += 1) {
        vi.advanceTimersByTime(1000);
        await keys.find(`invented ${second}`);
      }
      expect(asked).toBe(3);
      keys.close();
    } finally {
      vi.useRealTimers();
    }
  });

  test('asks the endpoints one after the other, and the one that answered first from then on', async () => {
    published = { keys: [publicPart(ours.jwk)] };
    let refused = 0;
    const broken = createServer((_request, response) => {
      refused += 1;
      response.writeHead(503).end('{}');
    });
    broken.listen(0, '127.0.0.1');
    await once(broken, 'listening');
    const { port } = broken.address() as AddressInfo;
    const log = recordingLogger();
    const endpoints = ['http://127.0.0.1:9', `http://127.0.0.1:${port}`, url];
    vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
    try {
      asked = 0;
      const keys = await createKeySet({ initial: [publicPart(theirs.jwk)], url: endpoints, log });
      expect(await keys.find(ours.jwk.kid)).toBeDefined();
      expect([refused, asked, log.lines]).toEqual([1, 1, []]);
      vi.advanceTimersByTime(20_000);
      expect(await keys.find('unknown')).toBeUndefined();
      expect([refused, asked]).toEqual([1, 2]);
      keys.close();
    } finally {
      vi.useRealTimers();
      broken.close();
    }
  });

  describe('where endpoints take what is sent, and say nothing', () => {
    const silent = Array.from({ length: 4 }, () => createServer(() => {}));
    let urls: string[];
    beforeAll(async () => {
      for (const one of silent) one.listen(0, '127.0.0.1');
      await Promise.all(silent.map((one) => once(one, 'listening')));
      urls = silent.map((one) => `http://127.0.0.1:${(one.address() as AddressInfo).port}`);
    });
    afterAll(() => {
      for (const one of silent) {
        one.closeAllConnections();
        one.close();
      }
    });

    test('another that answers is soon asked, and the others are asked no longer', async () => {
      published = { keys: [publicPart(theirs.jwk)] };
      const begin = performance.now();
      const log = recordingLogger();
      const keys = await createKeySet({ initial: [publicPart(ours.jwk)], url: [...urls, url], log });
      expect(await keys.find(theirs.jwk.kid)).toBeDefined();
      expect(performance.now() - begin).toBeLessThan(1900);
      const open = (one: (typeof silent)[number]) =>
        new Promise((resolve) => one.getConnections((_error, count) => resolve(count)));
      await vi.waitFor(async () => expect(await Promise.all(silent.map(open))).toEqual([0, 0, 0, 0]));
      expect(log.lines).toEqual([]);
      keys.close();
    });

    test('an unknown id waits 2 s for all of them, and from then on it is 10 s until they are asked again', async () => {
      let questions = 0;
      for (const one of silent) one.on('request', () => (questions += 1));
      const begin = performance.now();
      const keys = await createKeySet({
        initial: [publicPart(ours.jwk)],
        url: urls,
        log: recordingLogger(),
      });
      expect(await keys.find('unknown')).toBeUndefined();
      const end = performance.now();
      expect(end - begin).toBeLessThan(3000);
      expect(questions).toBe(4);
      const clock = vi.spyOn(performance, 'now').mockReturnValue(end + 9900);
      try {
        await keys.find('unknown');
        expect(questions).toBe(4);
        clock.mockReturnValue(end + 11_000);
        await keys.find('unknown');
        expect(questions).toBe(8);
      } finally {
        clock.mockRestore();
        keys.close();
      }
    });
  });

  test('keeps what it has when auth is down, or answers nonsense', async () => {
    published = { keys: [{ kty: 'oct', k: 'AAAA', kid: 'evil' }] };
    const log = recordingLogger();
    const keys = await createKeySet({ initial: [publicPart(ours.jwk)], url, log });
    expect(await keys.find('evil')).toBeUndefined();
    expect(await keys.find(ours.jwk.kid)).toBeDefined();
    expect(log.lines[0]).toMatchObject({ level: 'warn', message: expect.stringContaining('stay in force') });
    keys.close();
  });
});
