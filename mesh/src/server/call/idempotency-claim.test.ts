import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import {
  actingFor,
  anyone,
  contract,
  either,
  mutation,
  query,
  services,
  user,
} from '../../contract/index.ts';
import { createTestIdentity, recordingLogger, type TestIdentity } from '../../testing/index.ts';
import { serve, type IdempotencyClaim, type RunningService } from '../index.ts';

const access = either(anyone, services('till'), actingFor(services('till'), user));
const input = z.object({
  name: z.string(),
  size: z.int().default(1),
  tags: z.record(z.string(), z.unknown()).optional(),
});
const output = z.object({ name: z.string() });

const shop = contract('shop', {
  add: mutation({ summary: 'Keeps its contract', input, output, access, idempotent: 'by-key' }),
  refuse: mutation({ summary: 'Throws', input, output, access, idempotent: 'by-key' }),
  forget: mutation({ summary: 'Leaves its claim', input, output, access, idempotent: 'by-key' }),
  put: mutation({ summary: 'By its nature', input, output, access, idempotent: true }),
  take: mutation({ summary: 'Not at all', input, output, access }),
  get: query({ summary: 'Reads', output, access }),
});

let identity: TestIdentity;
let service: RunningService;
const log = recordingLogger();
let claims: (IdempotencyClaim | undefined)[] = [];

beforeAll(async () => {
  identity = await createTestIdentity();
  const see = async ({ claim }: { claim: IdempotencyClaim | undefined }) => {
    claims.push(claim);
    return { name: 'seen' };
  };
  service = await serve(
    shop,
    {
      add: async (call) => {
        call.claim?.take();
        return see(call);
      },
      refuse: async ({ claim }) => {
        throw new Error(`not today, ${claim?.key}`);
      },
      forget: see,
      put: see,
      take: see,
      get: see,
    },
    { version: '1', port: 0, log, authenticate: identity.authenticate, pingDatabase: async () => {} },
  );
  service.ready();
});
afterAll(() => service.stop());
beforeEach(() => {
  claims = [];
  log.lines.length = 0;
});

type Way = (path: string, key: string | undefined, body?: unknown) => Promise<{ code: string }>;
type Body = { error?: { data: { code: string } } };
type Headers = Record<string, string>;

const bolt = { name: 'bolt' };
const codeOf = ({ error }: Body): { code: string } => ({ code: error?.data.code ?? 'OK' });
const withKey = (key: string | undefined): Headers => (key === undefined ? {} : { 'idempotency-key': key });

async function post(target: string, body: unknown, headers: Headers): Promise<unknown> {
  const response = await fetch(`${service.url}/trpc/${target}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return response.json();
}

const overHttp: Way = async (path, key, body = bolt) =>
  codeOf((await post(path, body, withKey(key))) as Body);
const inBatch: Way = async (path, key, body = bolt) =>
  codeOf(((await post(`${path}?batch=1`, { 0: body }, withKey(key))) as [Body])[0]);

const overSocket: Way = async (path, key, body = bolt) => {
  const socket = new WebSocket(`${service.url.replace('http', 'ws')}/trpc`);
  await once(socket, 'open');
  socket.send(
    JSON.stringify({ id: 1, method: 'mutation', params: { path, input: body }, headers: withKey(key) }),
  );
  const [answer] = await once(socket, 'message');
  socket.close();
  return codeOf(JSON.parse(String(answer)) as Body);
};

describe.each([
  ['the fast path', overHttp],
  ['the adapter', inBatch],
  ['a WebSocket', overSocket],
])('over %s', (_way, call) => {
  test('a key becomes the claim of a by-key call', async () => {
    expect(await call('add', 'k-1')).toEqual({ code: 'OK' });
    expect(claims).toMatchObject([
      {
        procedure: 'add',
        caller: 'anyone',
        key: 'k-1',
        fingerprint: expect.stringMatching(/^[\da-f]{64}$/),
      },
    ]);
  });

  test('without a key it is a plain mutation', async () => {
    expect(await call('add', undefined)).toEqual({ code: 'OK' });
    expect(await call('forget', undefined)).toEqual({ code: 'OK' });
    expect(claims).toEqual([undefined, undefined]);
  });

  test.each(['x'.repeat(256), 'two words', ...(call === overSocket ? ['', 'ключ', 'new\nline'] : [])])(
    'refuses an invalid key: %j',
    async (key) => {
      expect(await call('add', key)).toEqual({ code: 'BAD_REQUEST' });
      expect(claims).toEqual([]);
    },
  );

  test('accepts the longest key and any visible ASCII character', async () => {
    const signs = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');
    for (const key of ['x'.repeat(255), signs, '"quoted"'])
      expect(await call('add', key)).toEqual({ code: 'OK' });
    expect(claims.map((claim) => claim?.key)).toEqual(['x'.repeat(255), signs, '"quoted"']);
  });

  test.each(['put', 'take'])('ignores any key on %s', async (path) => {
    expect(await call(path, 'k')).toEqual({ code: 'OK' });
    expect(await call(path, 'two words')).toEqual({ code: 'OK' });
    expect(claims).toEqual([undefined, undefined]);
  });

  test('a handler that does not take its claim fails the call, and the log says why', async () => {
    expect(await call('forget', 'k')).toEqual({ code: 'INTERNAL_SERVER_ERROR' });
    const line = log.lines.find(({ level }) => level === 'error');
    expect(String(line?.fields['err'])).toContain(
      'forget is idempotent by key, but its handler did not do its work through once()',
    );
  });

  test('a handler that throws need not take it', async () => {
    expect(await call('refuse', 'k')).toEqual({ code: 'INTERNAL_SERVER_ERROR' });
    const line = log.lines.find(({ level }) => level === 'error');
    expect(String(line?.fields['err'])).toContain('not today, k');
  });
});

test('refuses a key that is not a string over a WebSocket', async () => {
  expect(await overSocket('add', 7 as unknown as string)).toEqual({ code: 'BAD_REQUEST' });
});

test('refuses an empty header and a header sent twice', async () => {
  expect(await overHttp('add', '')).toEqual({ code: 'BAD_REQUEST' });
  const twice = new Headers({ 'content-type': 'application/json', 'idempotency-key': 'a' });
  twice.append('idempotency-key', 'b');
  const answer = await fetch(`${service.url}/trpc/add`, {
    method: 'POST',
    body: JSON.stringify(bolt),
    headers: twice,
  });
  expect(answer.status).toBe(400);
});

test('refuses one key for a batch, but only for by-key procedures', async () => {
  const answers = await post('add,take,add?batch=1', { 0: bolt, 1: bolt, 2: bolt }, withKey('k'));
  expect((answers as Body[]).map((answer) => codeOf(answer).code)).toEqual([
    'BAD_REQUEST',
    'OK',
    'BAD_REQUEST',
  ]);
  const keyless = await post('add,add?batch=1', { 0: bolt, 1: bolt }, {});
  expect((keyless as Body[]).map((answer) => codeOf(answer).code)).toEqual(['OK', 'OK']);
});

test('a query has no claim', async () => {
  const answer = await fetch(`${service.url}/trpc/get`, { headers: withKey('k') });
  expect(answer.status).toBe(200);
  expect(claims).toEqual([undefined]);
});

test('a key belongs to its caller: a user, a service, or a service for a user', async () => {
  const userToken = await identity.userToken({ id: 'u-1' });
  const serviceToken = `Service-Token ${await identity.serviceToken('till')}`;
  const callers: Headers[] = [
    { authorization: `Bearer ${userToken}` },
    { authorization: serviceToken },
    { authorization: serviceToken, 'x-user-token': userToken },
  ];
  for (const headers of callers) await post('add', bolt, { ...headers, ...withKey('k') });
  expect(claims.map((claim) => claim?.caller)).toEqual(['user:u-1', 'service:till', 'service:till user:u-1']);
});

test('the fingerprint depends on the parsed input, not on its spelling', async () => {
  const same = [
    { name: 'bolt', tags: { a: 1, b: { c: [1, { d: 2, e: 3 }] } } },
    { tags: { b: { c: [1, { e: 3, d: 2 }] }, a: 1 }, size: 1, name: 'bolt', unknown: 'is not looked at' },
  ];
  const others = [
    { name: 'bolt', tags: { a: 1, b: { c: [{ d: 2, e: 3 }, 1] } } },
    { name: 'bolt', size: 2, tags: same[0]?.tags },
    { name: 'nut', tags: same[0]?.tags },
    { name: 'bolt' },
  ];
  for (const body of [...same, ...others]) await overHttp('add', 'k', body);
  const [first, second, ...rest] = claims.map((claim) => claim?.fingerprint);
  expect(second).toBe(first);
  expect(new Set([first, ...rest]).size).toBe(1 + others.length);
});

test('validates the input before the key', async () => {
  expect(await overHttp('add', 'two words', { name: 7 })).toEqual({ code: 'BAD_REQUEST' });
  await vi.waitFor(() =>
    expect(log.lines.at(-1)?.fields['reason']).toBe('The input does not match the contract'),
  );
});
