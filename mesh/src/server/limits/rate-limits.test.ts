import { once } from 'node:events';
import { request as ask } from 'node:http';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import {
  anyone,
  contract,
  either,
  mutation,
  query,
  services,
  subscription,
  user,
} from '../../contract/index.ts';
import { exposition } from '../../telemetry/index.ts';
import { createTestIdentity, recordingLogger, type TestIdentity } from '../../testing/index.ts';
import { serve, tracked, type RunningService, type ServeOptions } from '../index.ts';

const nothing = z.object({});
const gate = contract('gate', {
  open: {
    look: query({ summary: 'For anyone', output: nothing, access: anyone }),
    watch: subscription({ summary: 'For anyone', output: nothing, access: anyone }),
    knock: mutation({
      summary: 'Seldom',
      input: z.object({ how: z.string() }),
      output: nothing,
      access: anyone,
      rateLimit: { calls: 2, perMs: 60_000 },
    }),
  },
  shut: {
    mine: query({ summary: 'For users', output: nothing, access: either(user, services('till')) }),
    seldom: query({
      summary: 'For users, seldom',
      output: nothing,
      access: user,
      rateLimit: { calls: 1, perMs: 60_000 },
    }),
  },
});

let identity: TestIdentity;
let service: RunningService;
let begun = 0;
const log = recordingLogger();

beforeAll(async () => {
  identity = await createTestIdentity();
});
afterEach(() => service.stop());

async function start(options: Partial<ServeOptions> = {}): Promise<void> {
  begun = 0;
  log.lines.length = 0;
  const done = async () => {
    begun += 1;
    return {};
  };
  service = await serve(
    gate,
    {
      open: {
        look: done,
        knock: done,
        async *watch() {
          yield tracked('1', await done());
        },
      },
      shut: { mine: done, seldom: done },
    },
    {
      version: '1',
      log,
      port: 0,
      authenticate: identity.authenticate,
      pingDatabase: async () => {},
      routes: { '/keys.json': () => ({ status: 200, body: {} }) },
      rateLimit: { callsPerMinute: 3 },
      ...options,
    },
  );
  service.ready();
}

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${service.url}${path}`, { headers });
async function statuses(count: number, path: string, headers?: Record<string, string>): Promise<number[]> {
  const found: number[] = [];
  for (let n = 0; n < count; n++) found.push((await get(path, headers)).status);
  return found;
}
const bearer = async () => ({ authorization: `Bearer ${await identity.userToken()}` });

describe('calls without credentials', () => {
  test('beyond the limit are refused with the time to wait, and not begun', async () => {
    await start();
    expect(await statuses(5, '/trpc/open.look')).toEqual([200, 200, 200, 429, 429]);
    expect(begun).toBe(3);
    const answer = await get('/trpc/open.look');
    const { error } = (await answer.json()) as { error: { data: Record<string, unknown> } };
    expect(error.data).toMatchObject({ code: 'TOO_MANY_REQUESTS', httpStatus: 429, retry: 'safe' });
    const waitMs = Number(error.data['retryAfterMs']);
    expect(waitMs).toBeGreaterThan(30_000);
    expect(answer.headers.get('retry-after')).toBe(String(Math.ceil(waitMs / 1000)));
  });

  test('count together whatever they ask, whichever way they take', async () => {
    await start();
    expect(await statuses(1, '/trpc/open.look')).toEqual([200]);
    // A batch, which tRPC's own adapter answers, is as many as are in it.
    const batch = await get('/trpc/open.look,open.look,open.look?batch=1');
    const answers = (await batch.json()) as { error?: unknown }[];
    expect(answers.map((one) => one.error === undefined)).toEqual([true, true, false]);
    expect(await statuses(1, '/trpc/open.look')).toEqual([429]);
    expect(begun).toBe(3);
  });

  test('over a WebSocket count as well, one by one', async () => {
    await start();
    const socket = new WebSocket(`${service.url.replace('http', 'ws')}/trpc`);
    await once(socket, 'open');
    const codes: unknown[] = [];
    const answered = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        const { id, result, error } = JSON.parse((data as Buffer).toString());
        if (result?.type === 'started' || result?.type === 'stopped') return;
        codes[id] = error?.data.code ?? 'OK';
        if (Object.keys(codes).length === 5) resolve();
      });
    });
    for (let id = 0; id < 5; id++) {
      const method = id === 1 ? 'subscription' : 'query';
      socket.send(JSON.stringify({ id, method, params: { path: id === 1 ? 'open.watch' : 'open.look' } }));
    }
    await answered;
    socket.terminate();
    expect(codes).toEqual(['OK', 'OK', 'OK', 'TOO_MANY_REQUESTS', 'TOO_MANY_REQUESTS']);
    expect(begun).toBe(3);
  });

  test('are refused before their body has come', async () => {
    await start();
    await statuses(3, '/trpc/open.look');
    const request = ask(`${service.url}/trpc/open.knock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 100_000 },
    });
    request.flushHeaders();
    const [response] = await once(request, 'response');
    expect(response.statusCode).toBe(429);
    request.destroy();
  });

  test.each([
    ['that show none', '/trpc', {}],
    ['whose credentials are yet to come', '/trpc?connectionParams=1', {}],
    ['with credentials that nobody looks at', '/trpc?connectionParams=1', { authorization: 'Bearer x' }],
  ])('do not open WebSockets without end: those %s', async (_which, path, headers) => {
    await start();
    const open = async (): Promise<number> => {
      const socket = new WebSocket(`${service.url.replace('http', 'ws')}${path}`, { headers });
      return await new Promise((resolve) => {
        socket.on('open', () => resolve(101));
        socket.on('unexpected-response', (_request, response) => {
          expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
          resolve(response.statusCode ?? 0);
        });
        socket.on('close', () => {});
      });
    };
    expect([await open(), await open(), await open(), await open()]).toEqual([101, 101, 101, 429]);
  });
});

describe('calls with credentials', () => {
  test('are as many as they like, and those without do not count against them', async () => {
    await start();
    await statuses(4, '/trpc/open.look');
    expect(await statuses(5, '/trpc/open.look', await bearer())).toEqual([200, 200, 200, 200, 200]);
    expect(await statuses(5, '/trpc/shut.mine', await bearer())).toEqual([200, 200, 200, 200, 200]);
  });

  test('are held to what the contract says of one procedure', async () => {
    await start();
    expect(await statuses(2, '/trpc/shut.seldom', await bearer())).toEqual([200, 429]);
    expect(await statuses(1, '/trpc/shut.mine', await bearer())).toEqual([200]);
  });
});

test('a limit of one procedure comes on top of the one for all', async () => {
  await start();
  const knock = async () =>
    (
      await fetch(`${service.url}/trpc/open.knock`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"how":"softly"}',
      })
    ).status;
  expect([await knock(), await knock(), await knock()]).toEqual([200, 200, 429]);
  expect(await statuses(2, '/trpc/open.look')).toEqual([200, 429]);
});

test('other public paths have a count of their own; health and metrics have none', async () => {
  await start();
  expect(await statuses(4, '/keys.json')).toEqual([200, 200, 200, 429]);
  expect(await statuses(1, '/trpc/open.look')).toEqual([200]);
  for (const path of ['/health', '/livez', '/readyz', '/api/status', '/metrics'])
    expect(await statuses(5, path)).toEqual([200, 200, 200, 200, 200]);
});

test('each address has its own limit, as a trusted proxy says it', async () => {
  await start({ trustedProxies: ['127.0.0.0/8'] });
  const from = (address: string) => ({ 'x-forwarded-for': `9.9.9.9, ${address}` });
  expect(await statuses(4, '/trpc/open.look', from('192.0.2.1'))).toEqual([200, 200, 200, 429]);
  expect(await statuses(1, '/trpc/open.look', from('192.0.2.2'))).toEqual([200]);
  // One host has all addresses of its network.
  expect(await statuses(2, '/trpc/open.look', from('2001:db8::1'))).toEqual([200, 200]);
  expect(await statuses(2, '/trpc/open.look', from('2001:db8::2'))).toEqual([200, 429]);
});

test('whoever is no trusted proxy cannot choose his address', async () => {
  await start();
  const found: number[] = [];
  for (let n = 0; n < 4; n++)
    found.push(...(await statuses(1, '/trpc/open.look', { 'x-forwarded-for': `192.0.2.${n}` })));
  expect(found).toEqual([200, 200, 200, 429]);
});

test('0 lifts all limits, those of contracts as well', async () => {
  await start({ rateLimit: { callsPerMinute: 0 } });
  expect(new Set(await statuses(20, '/trpc/open.look'))).toEqual(new Set([200]));
  expect(await statuses(3, '/trpc/shut.seldom', await bearer())).toEqual([200, 200, 200]);
});

test('refusals are counted by procedure, and logged in summary', async () => {
  await start();
  const counted = async () =>
    Number(
      /mesh_server_rate_limited_total\{procedure="open.look"\} (\d+)/.exec((await exposition()).text)?.[1] ??
        0,
    );
  const before = await counted();
  await statuses(20, '/trpc/open.look');
  expect((await counted()) - before).toBe(17);
  await service.stop();
  expect(log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    'rate limiting begins, calls of open.look are refused: too many calls from one address',
    expect.stringMatching(/^rate limiting: 17 calls refused/),
  ]);
});
