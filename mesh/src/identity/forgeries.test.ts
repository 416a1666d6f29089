import { once } from 'node:events';
import { request } from 'undici';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { anyone, contract, query } from '../contract/index.ts';
import { serve, type RunningService } from '../server/index.ts';
import { createTestIdentity, recordingLogger, type TestIdentity } from '../testing/index.ts';
import { createAuthenticate, type Credentials, type TokenKind } from './index.ts';
import { forge } from './testing/forge.ts';
import { forgeries } from './testing/forgeries.ts';

const open = contract('open', {
  whoami: query({
    summary: 'Who calls',
    output: z.object({ service: z.string().nullable(), user: z.string().nullable() }),
    access: anyone,
    // Otherwise a busy machine may refuse the call before it checks the caller.
    priority: 'critical',
  }),
});

let ours: TestIdentity;
let theirs: TestIdentity;
let service: RunningService;
const log = recordingLogger();

beforeAll(async () => {
  [ours, theirs] = await Promise.all([createTestIdentity(), createTestIdentity()]);
  service = await serve(
    open,
    {
      whoami: async ({ caller }) => ({
        service: caller.service?.name ?? null,
        user: caller.user?.name ?? null,
      }),
    },
    { version: '1.0.0', port: 0, log, authenticate: ours.authenticate, pingDatabase: async () => {} },
  );
  service.ready();
});
afterAll(() => service.stop());
beforeEach(() => void log.lines.splice(0));

/** Where a token may be: the scheme of `authorization`, or `x-user-token` with a valid service token. */
const places = ['Service-Token', 'Bearer', 'x-user-token'] as const;
type Place = (typeof places)[number];

const kindAt = (place: Place): TokenKind => (place === 'Service-Token' ? 'service' : 'user');

function credentialsOf(place: Place, token: string): Credentials {
  if (place !== 'x-user-token') return { authorization: `${place} ${token}`, userToken: undefined };
  return { authorization: `Service-Token ${forge(ours.jwk)}`, userToken: token };
}

function headersOf({ authorization, userToken }: Credentials): Record<string, string> {
  return {
    ...(authorization !== undefined && { authorization }),
    ...(userToken !== undefined && { 'x-user-token': userToken }),
  };
}

/** Whether it fits into an HTTP header; Node itself rejects more than 16 KiB. */
const fitsHeader = (token: string) => /^[\t\x20-\x7e\x80-\xff]*$/.test(token) && token.length < 12_000;

async function overHttp(headers: Record<string, string>) {
  const { statusCode, body } = await request(`${service.url}/trpc/whoami`, { headers });
  return { status: statusCode, answer: JSON.stringify(await body.json()) };
}

/** The answer to a refused upgrade. */
async function overWebSocket(headers: Record<string, string>) {
  const socket = new WebSocket(`${service.url.replace('http', 'ws')}/trpc`, { headers });
  socket.on('error', () => {});
  const [, response] = (await Promise.race([
    once(socket, 'unexpected-response'),
    once(socket, 'open').then(() => Promise.reject(new Error('the WebSocket was opened'))),
  ])) as [unknown, AsyncIterable<Buffer> & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, answer: Buffer.concat(chunks).toString() };
}

/** The token and its secret parts, which no answer may contain. */
const secretsOf = (token: string) => [token, ...token.split('.').slice(1)].filter((part) => part.length > 12);

test.each(places)(
  'a good one is taken as %s, so that what is refused below is refused for its fault',
  async (place) => {
    const token = forge(ours.jwk, { kind: kindAt(place) });
    const headers = headersOf(credentialsOf(place, token));
    const { status, answer } = await overHttp(headers);
    expect([status, answer]).toEqual([
      200,
      expect.stringContaining(place === 'Service-Token' ? 'wiki' : 'Ann'),
    ]);
    await expect(overWebSocket(headers)).rejects.toThrow('was opened');
  },
);

describe.each(places)('as %s', (place) => {
  test.each(forgeries)('%s is refused', async (_what, make, reason) => {
    const token = make({ kind: kindAt(place), ours: ours.jwk, theirs: theirs.jwk });
    const message = `The ${kindAt(place)} token is refused: ${reason}`;
    const credentials = credentialsOf(place, token);
    const failure = await Promise.resolve(ours.authenticate(credentials)).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'UNAUTHORIZED', message });
    const answers = [String(failure)];
    if (fitsHeader(token)) {
      for (const send of [overHttp, overWebSocket]) {
        const { status, answer } = await send(headersOf(credentials));
        expect([status, answer]).toEqual([401, expect.stringContaining(message)]);
        answers.push(answer);
      }
    }
    const told = answers.join('\n') + JSON.stringify(log.lines);
    for (const secret of secretsOf(token)) expect(told).not.toContain(secret);
  });
});

test('a WebSocket whose messages bring a forged user’s token answers each with 401, and stays', async () => {
  const socket = new WebSocket(`${service.url.replace('http', 'ws')}/trpc`, {
    headers: { authorization: `Service-Token ${forge(ours.jwk)}` },
  });
  await once(socket, 'open');
  const tokens: unknown[] = forgeries.map(([, make]) =>
    make({ kind: 'user', ours: ours.jwk, theirs: theirs.jwk }),
  );
  // Without the token of a megabyte: long messages are tested elsewhere.
  tokens.splice(0, tokens.length, ...tokens.filter((token) => String(token).length < 2 ** 20));
  tokens.push('', 7, {}, [], true, { length: 5 });
  for (const [id, token] of tokens.entries()) {
    const headers = { 'x-user-token': token };
    socket.send(JSON.stringify({ id, jsonrpc: '2.0', method: 'query', params: { path: 'whoami' }, headers }));
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(String(data)), JSON.stringify(token)?.slice(0, 100)).toMatchObject({
      id,
      error: { data: { code: 'UNAUTHORIZED', httpStatus: 401 } },
    });
  }
  socket.close();
  await once(socket, 'close');
  const told = JSON.stringify(log.lines);
  for (const token of tokens)
    if (typeof token === 'string') for (const secret of secretsOf(token)) expect(told).not.toContain(secret);
});

test('at most one key is looked for, and none where the header is none of ours', async () => {
  const find = vi.fn(ours.keys.find);
  const authenticate = createAuthenticate({ ...ours.keys, find });
  for (const [what, make, reason] of forgeries) {
    find.mockClear();
    const token = make({ kind: 'service', ours: ours.jwk, theirs: theirs.jwk });
    await expect(authenticate(credentialsOf('Service-Token', token)), what).rejects.toThrow(reason);
    const looked = find.mock.calls.length;
    expect(looked, what).toBeLessThanOrEqual(1);
    if (/algorithm|header|no valid kid|too long/.test(reason)) expect(looked, what).toBe(0);
  }
});
