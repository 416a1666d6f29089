import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { recordingLogger } from '../../testing/index.ts';
import { ClientCredentials, type ClientCredentialsOptions } from './client-credentials.ts';

/** A token endpoint: what it was asked, and what it answers. */
let asked: { authorization: string | undefined; form: Record<string, string> }[];
let answer: (n: number) => { status?: number; body: unknown } | Promise<{ status?: number; body: unknown }>;
let issuer: string;
const server = createServer((incoming, response) => {
  void (async () => {
    if (incoming.url?.startsWith('/.well-known/')) {
      response.end(JSON.stringify({ issuer, token_endpoint: `${issuer}/token` }));
      return;
    }
    asked.push({ authorization: incoming.headers.authorization, form: await formOf(incoming) });
    const { status = 200, body } = await answer(asked.length);
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  })();
});

async function formOf(incoming: IncomingMessage): Promise<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(await text(incoming)));
}

beforeEach(async () => {
  asked = [];
  server.listen(0, 'localhost');
  await once(server, 'listening');
  issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  answer = (n) => ({ body: { access_token: `token-${n}`, token_type: 'Bearer', expires_in: 3600 } });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const log = recordingLogger();
const open = (options: Partial<ClientCredentialsOptions> = {}) =>
  new ClientCredentials({ issuer, clientId: 'till', clientSecret: 's:e c/ret', log, ...options });

test('a token comes from the endpoint of the metadata, for the scopes that are asked for', async () => {
  await using credentials = open({ scopes: ['a', 'b'], parameters: { resource: 'https://shop.example' } });
  expect(credentials.current).toBeUndefined();
  await Promise.all([credentials.ready(), credentials.ready(new AbortController().signal)]);
  expect(credentials.current).toBe('token-1');
  expect(asked).toEqual([
    {
      // RFC 6749 §2.3.1: id and secret are encoded as in a form.
      authorization: `Basic ${Buffer.from('till:s%3Ae+c%2Fret').toString('base64')}`,
      form: { grant_type: 'client_credentials', scope: 'a b', resource: 'https://shop.example' },
    },
  ]);
});

test('a secret may be part of the form, and is read for each token', async () => {
  let secret = 'first';
  answer = () => ({ body: { access_token: 'short', token_type: 'bearer', expires_in: '0.2' } });
  await using credentials = open({
    clientAuthentication: 'post',
    clientSecret: () => secret,
    tokenUrl: `${issuer}/t`,
  });
  await credentials.ready();
  secret = 'second';
  await vi.waitFor(() =>
    expect(asked.at(-1)?.form).toMatchObject({ client_id: 'till', client_secret: 'second' }),
  );
  expect(asked[0]).toMatchObject({ authorization: undefined, form: { client_secret: 'first' } });
});

test('it is renewed at half of its life, once however many ask, and stays in force until then', async () => {
  const second = Promise.withResolvers<void>();
  answer = async (n) => {
    if (n === 2) await second.promise;
    return { body: { access_token: `token-${n}`, token_type: 'Bearer', expires_in: n === 1 ? 0.4 : 3600 } };
  };
  await using credentials = open();
  await credentials.ready();
  const gotAt = performance.now();
  await vi.waitFor(() => expect(asked).toHaveLength(2), { interval: 5 });
  expect(performance.now() - gotAt).toBeGreaterThan(150);
  for (let n = 0; n < 100; n += 1) expect(credentials.current).toBe('token-1');
  second.resolve();
  await vi.waitFor(() => expect(credentials.current).toBe('token-2'));
  expect(asked).toHaveLength(2);
});

test.each<[string, { status?: number; body: unknown }, string]>([
  ['refuses the client', { status: 401, body: { error: 'invalid_client' } }, 'answered 401, invalid_client'],
  ['fails', { status: 500, body: '<html>' }, 'answered 500'],
  [
    'answers with another type',
    { body: { access_token: 't', token_type: 'DPoP' } },
    'without a bearer token',
  ],
  ['answers without a token', { body: {} }, 'without a bearer token'],
  ['answers without end', { body: 'x'.repeat(600_000) }, 'the answer is longer than'],
])('a provider that %s is asked again, and the secret is not told', async (_what, failure, reason) => {
  log.lines.splice(0);
  answer = (n) => (n === 1 ? failure : { body: { access_token: 'good', token_type: 'Bearer' } });
  await using credentials = open();
  await credentials.ready();
  expect(credentials.current).toBe('good');
  expect(JSON.stringify(log.lines)).toContain(reason);
  expect(JSON.stringify(log.lines)).not.toMatch(/e c\/ret|e\+c%2Fret/);
});

test('waiting ends with its signal, or when it is closed', async () => {
  answer = () => new Promise(() => {});
  const credentials = open();
  const reason = new Error('the process ends');
  await expect(credentials.ready(AbortSignal.abort(reason))).rejects.toBe(reason);
  const ending = new AbortController();
  const waiting = credentials.ready(ending.signal);
  ending.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await Promise.all([
    expect(credentials.ready()).rejects.toThrow('closed'),
    credentials[Symbol.asyncDispose](),
  ]);
});
