import { createTRPCClient, httpBatchLink, httpLink, TRPCClientError } from '@trpc/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { request } from 'undici';
import { z } from 'zod';
import {
  actingFor,
  admin,
  anyone,
  contract,
  error,
  mutation,
  query,
  services,
  subscription,
  user,
  type RouterOf,
} from '../contract/index.ts';
import { createTestIdentity, recordingLogger, type TestIdentity } from '../testing/index.ts';
import { MeshError } from '../wire/index.ts';
import { serve, tracked, type RunningService } from './index.ts';

const shop = contract('shop', {
  items: {
    get: query({
      summary: 'One item',
      input: z.object({ id: z.int().min(1) }),
      output: z.object({ id: z.int(), name: z.string() }),
      access: anyone,
      errors: { ITEM_NOT_FOUND: error('NOT_FOUND', 'There is no such item', z.object({ id: z.int() })) },
    }),
    add: mutation({
      summary: 'A new item',
      input: z.object({ name: z.string().max(10) }),
      output: z.object({ by: z.string() }),
      access: user,
    }),
    purge: mutation({ summary: 'Remove all', output: z.object({}), access: admin }),
  },
  stock: {
    take: mutation({
      summary: 'For services',
      output: z.object({ by: z.string() }),
      access: services('till'),
    }),
    takeFor: mutation({
      summary: 'For a service that acts for a user',
      output: z.object({ by: z.string() }),
      access: actingFor(services('till'), user),
    }),
  },
  faults: {
    crash: query({ summary: 'A bug', output: z.object({}), access: anyone }),
    lie: query({ summary: 'Answers what it may not', output: z.object({ n: z.int() }), access: anyone }),
    hang: query({ summary: 'Never answers', output: z.object({}), access: anyone, timeoutMs: 50 }),
    linger: query({ summary: 'Answers late', output: z.object({}), access: anyone }),
    database: query({ summary: 'Its database is gone', output: z.object({}), access: anyone }),
  },
  ticks: {
    watch: subscription({
      summary: 'Counts',
      input: z.object({ lastEventId: z.string().nullish() }).optional(),
      output: z.object({ n: z.int() }),
      access: anyone,
    }),
  },
});

let identity: TestIdentity;
let service: RunningService;
const log = recordingLogger();
const hung: AbortSignal[] = [];

beforeAll(async () => {
  identity = await createTestIdentity();
  service = await serve(
    shop,
    {
      items: {
        get: async ({ input, errors }) => {
          if (input.id > 100) throw errors.ITEM_NOT_FOUND({ id: input.id });
          return { id: input.id, name: `item ${input.id}` };
        },
        add: async ({ caller }) => ({ by: caller.user.name }),
        purge: async () => ({}),
      },
      stock: {
        take: async ({ caller }) => ({ by: caller.service.name }),
        takeFor: async ({ caller }) => ({ by: `${caller.service.name} for ${caller.user.name}` }),
      },
      faults: {
        crash: async () => {
          throw new Error('password=hunter2 in /etc/secret');
        },
        lie: async () => ({ n: 'no number' }) as never,
        hang: ({ signal }) => {
          hung.push(signal);
          return new Promise(() => {});
        },
        linger: ({ signal }) => {
          hung.push(signal);
          return new Promise(() => {});
        },
        database: async () => {
          throw new DatabaseGone();
        },
      },
      ticks: {
        async *watch({ input, signal }) {
          let n = Number(input?.lastEventId ?? 0);
          while (!signal.aborted && n < 1000) {
            n += 1;
            yield tracked(String(n), { n });
            if (n % 3 === 0) await new Promise((resolve) => signal.addEventListener('abort', resolve));
          }
        },
      },
    },
    {
      version: '1.2.3',
      port: 0,
      log,
      authenticate: identity.authenticate,
      pingDatabase: async () => {},
      classify: (thrown) =>
        thrown instanceof DatabaseGone
          ? new MeshError('SERVICE_UNAVAILABLE', 'The database is gone')
          : undefined,
    },
  );
  service.ready();
});

afterAll(() => service.stop());

class DatabaseGone extends Error {}

/** tRPC's two kinds of answer, as far as these tests look into them. */
interface Answer {
  result?: unknown;
  error?: { message: string; data: { code: string; requestId: string } };
}

async function fetchJson(path: string, init: Parameters<typeof request>[1] = {}) {
  const { statusCode, headers, body } = await request(service.url + path, init);
  return { status: statusCode, headers, body: (await body.json()) as Answer };
}

const post = (body: unknown, headers: Record<string, string> = {}) =>
  ({
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  }) as const;

describe('stock clients', () => {
  test.each([
    ['httpLink', httpLink],
    ['httpBatchLink', httpBatchLink],
  ])('%s calls queries and mutations, with typed answers and errors', async (_name, link) => {
    const token = await identity.userToken({ name: 'Bea' });
    const client = createTRPCClient<RouterOf<typeof shop>>({
      links: [link({ url: `${service.url}/trpc`, headers: { authorization: `Bearer ${token}` } })],
    });
    expect(await client.items.get.query({ id: 7 })).toEqual({ id: 7, name: 'item 7' });
    expect(await client.items.add.mutate({ name: 'pen' })).toEqual({ by: 'Bea' });
    const failure = await client.items.get.query({ id: 101 }).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(TRPCClientError);
    expect(failure).toMatchObject({
      data: { code: 'NOT_FOUND', path: 'items.get', error: { name: 'ITEM_NOT_FOUND', data: { id: 101 } } },
    });
  });
});

describe('access', () => {
  const bearer = async (role: 'user' | 'admin') => ({
    authorization: `Bearer ${await identity.userToken({ role })}`,
  });
  const token = async (name: string) => ({
    authorization: `Service-Token ${await identity.serviceToken(name)}`,
  });

  test.each([
    ['items.add', {}, 401],
    ['items.purge', {}, 401],
    ['stock.take', {}, 401],
  ])('%s without credentials', async (path, headers, status) => {
    expect((await fetchJson(`/trpc/${path}`, post({ name: 'x' }, headers))).status).toBe(status);
  });

  test.each([
    ['items.add', 'user', 200],
    ['items.add', 'admin', 200],
    ['items.purge', 'user', 403],
    ['items.purge', 'admin', 200],
    ['stock.take', 'admin', 403],
    ['stock.takeFor', 'user', 403],
  ] as const)('%s as %s', async (path, role, status) => {
    const input = path === 'items.add' ? { name: 'x' } : '';
    expect((await fetchJson(`/trpc/${path}`, post(input, await bearer(role)))).status).toBe(status);
  });

  test.each([
    ['stock.take', 'till', 200],
    ['stock.take', 'other', 403],
    ['stock.takeFor', 'till', 403],
    ['items.add', 'till', 403],
  ] as const)('%s as service %s', async (path, name, status) => {
    const input = path === 'items.add' ? { name: 'x' } : '';
    expect((await fetchJson(`/trpc/${path}`, post(input, await token(name)))).status).toBe(status);
  });

  test('a service that acts for a user is both', async () => {
    const headers = { ...(await token('till')), 'x-user-token': await identity.userToken({ name: 'Cem' }) };
    expect((await fetchJson('/trpc/stock.takeFor', post('', headers))).body).toEqual({
      result: { data: { by: 'till for Cem' } },
    });
  });

  test('a user may not pass on another user’s token', async () => {
    const headers = { ...(await bearer('user')), 'x-user-token': await identity.userToken() };
    expect((await fetchJson('/trpc/items.add', post({ name: 'x' }, headers))).status).toBe(401);
  });
});

describe('bounds', () => {
  test.each([
    ['an unknown procedure', '/trpc/items.nope', {}, 404],
    ['an unknown path', '/nope', {}, 404],
    ['a bad escape', '/trpc/%', {}, 400],
    ['malformed input in the URL', '/trpc/items.get?input={', {}, 400],
    ['malformed JSON', '/trpc/items.add', post('{"name":'), 400],
    ['an input that does not fit', '/trpc/items.get?input={"id":0}', {}, 400],
    ['no input', '/trpc/items.get', {}, 400],
    ['a mutation by GET', '/trpc/items.add', {}, 405],
    ['DELETE', '/trpc/items.get', { method: 'DELETE' } as const, 405],
    ['TRACE', '/trpc/items.get', { method: 'TRACE' } as const, 405],
    ['a Host with a user name', '/trpc/items.get', { headers: { host: 'user:pass@shop' } }, 400],
    ['PUT on a health path', '/health', { method: 'PUT' } as const, 405],
    ['another content type', '/trpc/items.add', post('name=x', { 'content-type': 'text/plain' }), 415],
    ['a batch of 21', `/trpc/${Array(21).fill('items.get').join(',')}?batch=1&input={}`, {}, 400],
    [
      'a body of more than 2 MiB',
      '/trpc/items.add',
      post(JSON.stringify({ name: 'x'.repeat(2 * 1024 * 1024) })),
      413,
    ],
  ])('%s', async (_what, path, init, status) => {
    const answer = await fetchJson(path, init);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(JSON.stringify(answer.body)).not.toMatch(/at .*\.ts|node_modules|stack/);
  });

  test('a bad member of a batch fails alone', async () => {
    const { body } = await fetchJson('/trpc/items.get,items.get?batch=1&input={"0":{"id":1},"1":{"id":-1}}');
    expect(body).toMatchObject([
      { result: { data: { id: 1 } } },
      { error: { data: { code: 'BAD_REQUEST' } } },
    ]);
  });

  test('a long body without a length is cut off', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    async function* endless() {
      for (let n = 0; n < 64; n += 1) yield chunk;
    }
    const answer = await fetchJson('/trpc/items.add', { ...post(''), body: endless() as never });
    expect(answer.status).toBe(413);
  });
});

describe('faults', () => {
  test('a bug is answered without a word about it, and logged with all', async () => {
    const { status, body } = await fetchJson('/trpc/faults.crash');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('hunter2');
    const requestId = body.error?.data.requestId;
    const line = log.lines.find(({ fields }) => fields['request_id'] === requestId);
    expect(line).toMatchObject({ level: 'error', fields: { procedure: 'faults.crash' } });
    expect(line?.fields['err']).toMatchObject({ message: expect.stringContaining('hunter2') });
  });

  test('an answer that breaks the contract does not go out', async () => {
    expect(await fetchJson('/trpc/faults.lie')).toMatchObject({ status: 500 });
  });

  test('a handler that hangs is answered for at its time-out, and its signal fires', async () => {
    const { status, body } = await fetchJson('/trpc/faults.hang');
    expect([status, body.error?.data.code]).toEqual([408, 'TIMEOUT']);
    expect(hung.at(-1)?.aborted).toBe(true);
  });

  test('a call that arrives with no time left is not started', async () => {
    const before = hung.length;
    const { status } = await fetchJson('/trpc/faults.hang', { headers: { 'x-timeout-ms': '0' } });
    expect([status, hung.length]).toEqual([408, before]);
  });

  test('a caller that hangs up fires the signal', async () => {
    const before = hung.length;
    const gone = new AbortController();
    const call = request(`${service.url}/trpc/faults.linger`, { signal: gone.signal }).catch(() => {});
    await expect.poll(() => hung.length).toBe(before + 1);
    gone.abort();
    await call;
    await expect.poll(() => hung.at(-1)?.reason).toMatchObject({ code: 'CLIENT_CLOSED_REQUEST' });
  });

  test('an error of the service’s own libraries keeps its meaning', async () => {
    expect(await fetchJson('/trpc/faults.database')).toMatchObject({
      status: 503,
      body: { error: { message: 'The database is gone' } },
    });
  });
});

test('the caller’s request id comes back; one that could forge a log line does not', async () => {
  const good = await fetchJson('/livez', { headers: { 'x-request-id': 'abc-1' } });
  expect(good.headers['x-request-id']).toBe('abc-1');
  const bad = await fetchJson('/livez', { headers: { 'x-request-id': 'a b"' } });
  expect(bad.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
});

test('a compile without a handler names the procedure', async () => {
  const none = { items: {}, stock: {}, faults: {}, ticks: {} } as never;
  await expect(serve(shop, none, { log } as never)).rejects.toThrow(/no handler for items\.get, items\.add/);
});
