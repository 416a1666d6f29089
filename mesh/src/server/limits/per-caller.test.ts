import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { anyone, contract, subscription } from '../../contract/index.ts';
import { createAuthenticate, RevocationSet } from '../../identity/index.ts';
import { createTestIdentity, silentLogger, type TestIdentity } from '../../testing/index.ts';
import { serve, tracked, unknownPeer, type RunningService } from '../index.ts';
import { limitKeyOf, OpenPerCaller } from './per-caller.ts';

const desk = contract('desk', {
  watch: subscription({
    summary: 'One event, and then what its input says',
    input: z.enum(['wait', 'end', 'fail', 'lie']).optional(),
    output: z.object({ n: z.int() }),
    access: anyone,
  }),
});

const limit = 3;
let identity: TestIdentity;
let revocations: RevocationSet;
let service: RunningService;
let ann: string;
beforeAll(async () => {
  identity = await createTestIdentity();
});
beforeEach(async () => {
  ann = randomUUID();
  revocations = new RevocationSet();
  service = await startDesk();
});
afterEach(() => service.stop());

async function startDesk() {
  const started = await serve(
    desk,
    {
      async *watch({ input, signal }) {
        yield tracked('1', { n: input === 'lie' ? 1.5 : 1 });
        if (input === 'fail') throw new Error('It has failed');
        if (input === 'end') return;
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
    },
    {
      version: '1',
      port: 0,
      log: silentLogger,
      authenticate: createAuthenticate(identity.keys, { revocations }),
      revocations: {
        set: revocations,
        status: () => ({ state: 'following', size: 0, position: 0, confirmedMsAgo: 0 }),
      },
      pingDatabase: async () => {},
      streamsPerCaller: limit,
      drainTimeoutMs: 500,
    },
  );
  started.ready();
  return started;
}

type Headers = Record<string, string>;

/** What opens subscriptions: each answers `begun`, or the code of its error and what it says. */
interface Client {
  subscribe(input?: string): Promise<string>;
  /** Ends all, in words where there are words for it. */
  stop(): void;
  /** Is gone. */
  drop(): void;
}

async function overSocket(headers: Headers): Promise<Client> {
  const socket = new WebSocket(`${service.url.replace('http', 'ws')}/trpc`, { headers });
  socket.setMaxListeners(0);
  socket.on('error', () => {});
  await once(socket, 'open');
  let last = 0;
  return {
    async subscribe(input) {
      const id = (last += 1);
      const begun = new Promise<string>((resolve) =>
        socket.on('message', (data) => {
          const { id: of, result, error } = JSON.parse((data as Buffer).toString()) as Answer;
          // That it has started is said before its caller is looked at.
          if (of === id && result?.type !== 'started')
            resolve(error ? `${error.data.code}: ${error.message}` : 'begun');
        }),
      );
      socket.send(JSON.stringify({ id, method: 'subscription', params: { path: 'watch', input } }));
      return begun;
    },
    stop() {
      for (let id = 1; id <= last; id += 1) socket.send(JSON.stringify({ id, method: 'subscription.stop' }));
    },
    drop: () => socket.terminate(),
  };
}

type Answer = { id: number; result?: { type: string }; error?: { message: string; data: { code: string } } };

async function overEvents(headers: Headers): Promise<Client> {
  const leaving = new AbortController();
  return {
    async subscribe(input) {
      const query = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
      const answer = await fetch(`${service.url}/trpc/watch${query}`, { headers, signal: leaving.signal });
      let text = '';
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      for (let ended = false; !ended && !/serialized-error\ndata: .*\n|id: 1\n/.test(text);) {
        const { value, done } = await reader.read();
        ended = done;
        if (value) text += Buffer.from(value).toString();
      }
      const [, message, code] = /data: {"message":"([^"]*)".*"code":"([A-Z_]+)"/.exec(text) ?? [];
      return code === undefined ? 'begun' : `${code}: ${message}`;
    },
    stop: () => leaving.abort(),
    drop: () => leaving.abort(),
  };
}

describe.each([
  ['a WebSocket', overSocket],
  ['server-sent events', overEvents],
])('over %s', (_what, connect) => {
  const asAnn = async (): Promise<Headers> => ({
    authorization: `Bearer ${await identity.userToken({ id: ann })}`,
  });
  /** How many a caller opens before it is refused. */
  const fill = async (headers: Headers): Promise<readonly [number, Client, string]> => {
    const client = await connect(headers);
    for (let count = 0; ; count += 1) {
      const answer = await client.subscribe();
      if (answer !== 'begun') return [count, client, answer];
      if (count > 100) throw new Error('It is never refused');
    }
  };
  /** How many a caller opens once there is room for all, or for lack of it after a while. */
  const roomOf = async (headers: Headers): Promise<number> => {
    let room = 0;
    await vi
      .waitUntil(async () => {
        const [count, client] = await fill(headers);
        client.drop();
        room = count;
        return count === limit;
      }, 10_000)
      .catch(() => {});
    return room;
  };

  test('a user has as many as one may, and is told of the limit', async () => {
    const [count, , refusal] = await fill(await asAnn());
    expect(count).toBe(limit);
    expect(refusal).toBe(
      'TOO_MANY_REQUESTS: This caller has 3 subscriptions open, which is the limit (STREAMS_PER_CALLER)',
    );
    // With another token, and on another connection.
    const other = await connect(await asAnn());
    expect(await other.subscribe()).toMatch(/^TOO_MANY_REQUESTS/);
  });

  test('a user, an address and a service have each their own', async () => {
    const till = { authorization: `Service-Token ${await identity.serviceToken('till')}` };
    expect((await fill(await asAnn()))[0]).toBe(limit);
    expect((await fill({}))[0]).toBe(limit);
    expect((await fill(till))[0]).toBe(10 * limit);
    // Acting for a user takes from the user's own, and here she has none left.
    const [, authorization] = (await asAnn())['authorization']?.split(' ') ?? [];
    expect((await fill({ ...till, 'x-user-token': authorization ?? '' }))[0]).toBe(0);
  });

  test.each(['stop', 'drop'] as const)('those that their caller ends make room: %s', async (how) => {
    const headers = await asAnn();
    const [, client] = await fill(headers);
    client[how]();
    expect(await roomOf(headers)).toBe(limit);
  });

  test.each(['end', 'fail', 'lie', 'nonsense'])(
    'those that end by themselves make room: %s',
    async (input) => {
      const headers = await asAnn();
      const client = await connect(headers);
      for (let count = 0; count < 2 * limit; count += 1)
        await vi.waitFor(async () => expect(await client.subscribe(input)).not.toMatch(/^TOO_MANY/));
      client.drop();
      expect(await roomOf(headers)).toBe(limit);
    },
  );

  test('those whose token is revoked make room', async () => {
    const headers = await asAnn();
    await fill(headers);
    const payload = headers['authorization']?.split('.')[1] ?? '';
    const { jti } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti: string };
    revocations.add([{ id: jti, expiresAt: Date.now() + 600_000 }]);
    expect(await roomOf(await asAnn())).toBe(limit);
  });

  test('those whose token expires make room', async () => {
    const quarterHourMs = 15 * 60_000;
    const nearlyOver = new Date(Date.now() - quarterHourMs + 2000);
    const token = await identity.userToken({ id: ann }, nearlyOver);
    await fill({ authorization: `Bearer ${token}` });
    expect(await roomOf(await asAnn())).toBe(limit);
  });

  test('a service that stops is not kept by them', async () => {
    expect((await fill(await asAnn()))[0]).toBe(limit);
    const begin = performance.now();
    await service.stop();
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});

test('limits are for the user before the service, and for the /64 of an address', () => {
  const who = { tokenId: 't', expiresAt: 0 };
  const user = { ...who, id: 'u', name: 'Ann', role: 'user' } as const;
  const till = { ...who, id: 's', name: 'till' };
  const peer = { address: '2001:db8:1:2:3::4', userAgent: undefined };
  expect(limitKeyOf({ service: till, user }, peer)).toBe('user u');
  expect(limitKeyOf({ service: till, user: undefined }, peer)).toBe('service till');
  const nobody = { service: undefined, user: undefined };
  expect(limitKeyOf(nobody, peer)).toBe('address 2001:db8:1:2::/64');
  expect([limitKeyOf(nobody, unknownPeer), limitKeyOf(nobody, undefined)]).toEqual([undefined, undefined]);
});

test('0 stands for any number, and who is not known is not counted', () => {
  const any = new OpenPerCaller(0);
  for (let count = 0; count < 1000; count += 1) any.open('user u');
  expect(any.isFull('user u')).toBe(false);
  const one = new OpenPerCaller(1);
  one.open(undefined);
  expect(one.isFull(undefined)).toBe(false);
});
