import { createHmac, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { CompactSign } from 'jose';
import { request } from 'undici';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { anyone, contract, query, services, user } from '../../contract/index.ts';
import { serve, type RunningService } from '../../server/index.ts';
import { recordingLogger } from '../../testing/index.ts';
import { audience, makeKey, SmallProvider, type ProviderKeyPair } from './testing/small-provider.ts';

const shop = contract('shop', {
  whoami: query({
    summary: 'Who calls',
    output: z.object({ service: z.string().nullable(), user: z.string().nullable() }),
    access: anyone,
    priority: 'critical',
  }),
  pages: {
    write: query({
      summary: 'Needs a scope',
      output: z.object({}),
      access: user({ scopes: ['pages:write'] }),
    }),
    stock: query({
      summary: 'Needs two',
      output: z.object({}),
      access: services('till', { scopes: ['stock:read', 'stock:write'] }),
    }),
  },
});

const log = recordingLogger();
let rsa: ProviderKeyPair;
let elliptic: ProviderKeyPair;
let theirs: ProviderKeyPair;
let provider: SmallProvider;
let service: RunningService;

beforeAll(async () => {
  [rsa, elliptic, theirs] = await Promise.all([
    makeKey('RS256', 'rsa'),
    makeKey('ES256', 'elliptic'),
    makeKey('RS256', 'rsa'),
  ]);
  provider = await SmallProvider.start(rsa, elliptic);
  service = await serve(
    shop,
    {
      whoami: async ({ caller }) => ({
        service: caller.service?.name ?? null,
        user: caller.user?.id ?? null,
      }),
      pages: { write: async () => ({}), stock: async () => ({}) },
    },
    {
      version: '1',
      port: 0,
      log,
      pingDatabase: async () => {},
      identity: { issuer: provider.issuer, audience, algorithms: ['RS256', 'ES256'] },
    },
  );
  service.ready();
});
afterAll(async () => {
  await service.stop();
  await provider[Symbol.asyncDispose]();
});
beforeEach(() => void log.lines.splice(0));

const encode = (content: unknown): string => Buffer.from(JSON.stringify(content)).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1000);

async function withParts(
  change: (header: string, payload: string, signature: string) => string,
): Promise<string> {
  const [header = '', payload = '', signature = ''] = (await provider.token(rsa)).split('.');
  return change(header, payload, signature);
}
const claims = (changed: Record<string, unknown>) => () => provider.token(rsa, { claims: changed });
/** Signed by the provider, with members that a signing library would not write. */
const header =
  (changed: Record<string, unknown>, key = () => rsa) =>
  async (): Promise<string> => {
    const payload = (await provider.token(rsa)).split('.')[1] ?? '';
    const signer = new CompactSign(Buffer.from(payload, 'base64url'));
    const { crit } = changed as { crit?: string[] };
    signer.setProtectedHeader({ alg: key().alg, typ: 'at+jwt', kid: 'rsa', ...changed });
    return signer.sign(
      key().privateKey,
      crit && { crit: Object.fromEntries(crit.map((one) => [one, true])) },
    );
  };
/** HMAC whose secret is what the provider publishes (RFC 8725 §2.1). */
const hmac = (secret: () => string | Buffer) => () =>
  withParts((_header, payload) => {
    const text = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'rsa' })}.${payload}`;
    return `${text}.${createHmac('sha256', secret()).update(text).digest('base64url')}`;
  });
const unsigned =
  (alg: unknown, signature = '') =>
  () =>
    withParts((_header, payload) => `${encode({ alg, typ: 'at+jwt', kid: 'rsa' })}.${payload}.${signature}`);

const notAllowed = 'its algorithm is not allowed';
const malformed = 'it is malformed';
const wrongSignature = 'its signature is wrong';

test.each<[string, () => Promise<string>, string]>([
  ['none, without a signature', unsigned('none'), malformed],
  ['none, with a signature', unsigned('none', 'AAAA'), notAllowed],
  ['NONE', unsigned('NONE', 'AAAA'), notAllowed],
  ['two algorithms', unsigned(['RS256', 'none'], 'AAAA'), notAllowed],
  ['no algorithm', unsigned(undefined, 'AAAA'), notAllowed],
  [
    'HMAC by the PEM',
    hmac(() => createPublicKey({ key: rsa.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })),
    notAllowed,
  ],
  ['HMAC by the modulus', hmac(() => String(rsa.jwk.n)), notAllowed],
  ['HMAC by the JWK', hmac(() => JSON.stringify(rsa.jwk)), notAllowed],
  ['an algorithm that is not on the list', unsigned('RS512', 'AAAA'), notAllowed],
  [
    'the algorithm of another key',
    () =>
      withParts(
        (_h, payload) => `${encode({ alg: 'RS256', typ: 'at+jwt', kid: 'elliptic' })}.${payload}.AAAA`,
      ),
    'its key is unknown',
  ],
  ['another’s key under a known id', () => provider.token(theirs), wrongSignature],
  [
    'an unknown key',
    () => provider.token(theirs, { header: { kid: '../../dev/null' } }),
    'its key is unknown',
  ],
  [
    'no kid, with two keys of other kinds',
    () => provider.token(theirs, { header: { kid: undefined } }),
    wrongSignature,
  ],
  [
    'a number as kid',
    () => withParts((_h, payload) => `${encode({ alg: 'RS256', typ: 'at+jwt', kid: 0 })}.${payload}.AAAA`),
    'it has no valid kid',
  ],
  [
    'a key of its own',
    header({ jwk: { kty: 'RSA' }, jku: 'https://attacker.example' }, () => theirs),
    wrongSignature,
  ],
  ['a critical member', header({ crit: ['exp'], exp: 1 }), malformed],
  ['b64', header({ b64: true }), malformed],
  ['an ID token', () => provider.token(rsa, { header: { typ: 'JWT' } }), 'its typ is wrong'],
  ['a log-out token', () => provider.token(rsa, { header: { typ: 'logout+jwt' } }), 'its typ is wrong'],
  ['no typ', () => provider.token(rsa, { header: { typ: undefined } }), 'its typ is wrong'],
  ['another audience', claims({ aud: 'https://other.example' }), 'its aud is wrong'],
  ['an audience that starts alike', claims({ aud: `${audience}.attacker` }), 'its aud is wrong'],
  ['no audience', claims({ aud: undefined }), 'its aud is wrong'],
  ['another issuer', claims({ iss: 'https://attacker.example' }), 'its iss is wrong'],
  [
    'the issuer with a slash',
    () => provider.token(rsa, { claims: { iss: `${provider.issuer}/` } }),
    'its iss is wrong',
  ],
  ['no issuer', claims({ iss: undefined }), 'its iss is wrong'],
  ['an expired one', claims({ exp: now() - 60 }), 'it has expired'],
  ['no expiry', claims({ exp: undefined }), 'its exp is wrong'],
  ['a text as expiry', claims({ exp: '9999999999' }), 'its exp is wrong'],
  ['an expiry after the year 9999', claims({ exp: 1e15 }), 'its exp is wrong'],
  ['one from tomorrow', claims({ iat: now() + 86_400, exp: now() + 90_000 }), 'it is not yet valid'],
  ['one that is not yet valid', claims({ nbf: now() + 3600 }), 'it is not yet valid'],
  ['no caller', claims({ sub: undefined, client_id: undefined }), 'its claims name no caller'],
  [
    'a subject that is no text',
    claims({ sub: { id: 'ann' }, client_id: undefined }),
    'its claims name no caller',
  ],
  ['a very long subject', claims({ sub: 'a'.repeat(300) }), 'its claims are invalid'],
  ['thousands of scopes', claims({ scope: 's '.repeat(600) }), 'its claims are invalid'],
  ['a service called admin', () => provider.serviceToken(rsa, 'admin'), 'it is of an unknown service'],
  [
    'a service called like a header',
    () => provider.serviceToken(rsa, 'a\r\nb: c'),
    'it is of an unknown service',
  ],
  ['a huge one', claims({ padding: 'x'.repeat(8000) }), 'it is too long'],
  ['two parts', () => withParts((h, payload) => `${h}.${payload}`), malformed],
  ['five parts', () => withParts((...parts) => `${parts.join('.')}.e30.e30`), malformed],
  ['padding', () => withParts((...parts) => `${parts.join('.')}==`), malformed],
  [
    'a payload that is a list',
    () => withParts((h, _p, signature) => `${h}.${encode([])}.${signature}`),
    wrongSignature,
  ],
  [
    'a header that is a list',
    () => withParts((_h, ...rest) => [encode(['RS256']), ...rest].join('.')),
    malformed,
  ],
  [
    'deep nesting',
    () =>
      withParts((_h, ...rest) =>
        [Buffer.from(`{"alg":${'['.repeat(3000)}`).toString('base64url'), ...rest].join('.'),
      ),
    malformed,
  ],
  ['nothing', async () => '', malformed],
])('%s is refused, over HTTP and for a WebSocket, without a word of it', async (_what, make, reason) => {
  const token = await make();
  const message = `The access token is refused: ${reason}`;
  const headers = { authorization: `Bearer ${token}` };
  const { statusCode, body } = await request(`${service.url}/trpc/whoami`, { headers });
  const answer = await body.text();
  expect([statusCode, answer]).toEqual([401, expect.stringContaining(message)]);
  const socket = new WebSocket(`${service.url.replace('http', 'ws')}/trpc`, { headers });
  socket.on('error', () => {});
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(401);
  const told = answer + JSON.stringify(log.lines);
  for (const part of token.split('.').slice(1)) if (part.length > 12) expect(told).not.toContain(part);
});

test('a good one is taken by the same road', async () => {
  const headers = { authorization: `Bearer ${await provider.token(rsa)}` };
  const { body } = await request(`${service.url}/trpc/whoami`, { headers });
  expect(await body.json()).toEqual({ result: { data: { service: null, user: 'ann' } } });
});

describe('a rule with scopes', () => {
  const ask = async (path: string, token: string) => {
    const { statusCode, body } = await request(`${service.url}/trpc/${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return [statusCode, await body.json()] as const;
  };

  test.each([
    ['pages.write', 'pages:read', ['pages:write'], 'scope pages:write'],
    ['pages.write', undefined, ['pages:write'], 'scope pages:write'],
    ['pages.stock', 'stock:read', ['stock:write'], 'scope stock:write'],
    ['pages.stock', '', ['stock:read', 'stock:write'], 'scopes stock:read and stock:write'],
  ])('%s with the scope %j: FORBIDDEN, and which is missing', async (path, scope, scopes, words) => {
    const kind = path === 'pages.write' ? {} : { sub: 'till', client_id: 'till' };
    const [status, answer] = await ask(path, await provider.token(rsa, { claims: { ...kind, scope } }));
    expect([status, answer]).toEqual([
      403,
      expect.objectContaining({
        error: expect.objectContaining({
          message: expect.stringContaining(`The token of this caller lacks the ${words}.`),
          data: expect.objectContaining({
            code: 'FORBIDDEN',
            error: { name: 'INSUFFICIENT_SCOPE', data: { scopes } },
          }),
        }),
      }),
    ]);
  });

  test('admits a token that has them', async () => {
    const token = await provider.token(rsa, { claims: { scope: 'pages:read pages:write' } });
    expect(await ask('pages.write', token)).toEqual([200, { result: { data: {} } }]);
    const till = await provider.serviceToken(elliptic, 'till', { scp: ['stock:write', 'stock:read'] });
    expect(await ask('pages.stock', till)).toEqual([200, { result: { data: {} } }]);
    // Refused for who it is: no scope would help.
    expect((await ask('pages.stock', token))[1]).not.toHaveProperty('error.data.error');
  });
});
