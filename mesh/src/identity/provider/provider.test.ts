import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { recordingLogger, silentLogger } from '../../testing/index.ts';
import { SteadyClock } from '../../clock/index.ts';
import { openIdentity, RevocationSet, type Credentials, type IdentityProvider } from '../index.ts';
import { audience, makeKey, SmallProvider, type ProviderKeyPair } from './testing/small-provider.ts';

let keys: Record<'rsa' | 'elliptic' | 'next', ProviderKeyPair>;
let provider: SmallProvider;

beforeAll(async () => {
  const [rsa, elliptic, next] = await Promise.all([
    makeKey('RS256', 'rsa'),
    makeKey('ES256', 'elliptic'),
    makeKey('EdDSA', 'next'),
  ]);
  keys = { rsa, elliptic, next };
  provider = await SmallProvider.start(rsa, elliptic);
});
afterAll(() => provider[Symbol.asyncDispose]());

/** The check of credentials of a service that trusts the provider. */
function open(of: SmallProvider, options: Partial<IdentityProvider> = {}, log = silentLogger) {
  const clock = new SteadyClock();
  const { authenticate, close } = openIdentity({ issuer: of.issuer, audience, ...options }, { log, clock });
  return { authenticate, [Symbol.dispose]: close };
}

const bearer = (token: string, userToken?: string): Credentials => ({
  authorization: `Bearer ${token}`,
  userToken,
});
const asService = (token: string, userToken?: string): Credentials => ({
  authorization: `Service-Token ${token}`,
  userToken,
});

test('claims become a user or a service, with scopes and tenant, whatever the scheme says', async () => {
  using service = open(provider);
  const exp = Math.floor(Date.now() / 1000) + 60;
  const user = await provider.token(keys.rsa, {
    claims: { exp, name: 'Ann', scope: 'pages:read pages:write', tid: 'acme', sid: 'session', jti: 'token' },
  });
  const ann = {
    id: 'ann',
    name: 'Ann',
    role: 'user',
    scopes: ['pages:read', 'pages:write'],
    tenant: 'acme',
    tokenId: 'token',
    sessionId: 'session',
    expiresAt: exp * 1000,
  };
  expect(await service.authenticate(bearer(user))).toMatchObject({ user: ann, service: undefined });

  const till = await provider.serviceToken(keys.elliptic, 'till', { scp: ['stock:write'], jti: undefined });
  const identity = {
    id: 'till',
    name: 'till',
    scopes: ['stock:write'],
    tokenId: expect.stringMatching(/^[\w-]{43}$/),
  };
  for (const credentials of [bearer(till), asService(till)])
    expect(await service.authenticate(credentials)).toMatchObject({ service: identity, user: undefined });
  for (const credentials of [bearer(till, user), asService(till, user)])
    expect(await service.authenticate(credentials)).toMatchObject({ service: identity, user: ann });
});

test('a token of one kind is not taken for the other', async () => {
  using service = open(provider);
  const [user, till] = await Promise.all([provider.token(keys.rsa), provider.serviceToken(keys.rsa, 'till')]);
  const refuse = async (credentials: Credentials, message: string) =>
    expect(service.authenticate(credentials)).rejects.toMatchObject({ code: 'UNAUTHORIZED', message });
  await refuse(asService(user), 'The service token is refused: it is of a user');
  await refuse(bearer(till, till), 'The user token is refused: it is of a service');
  const message = 'Only a service may act for a user; x-user-token came without a service token';
  await refuse(bearer(user, user), message);
  await refuse({ authorization: undefined, userToken: user }, message);
  // Known by then: still no service.
  await service.authenticate(bearer(user));
  await refuse(bearer(user, user), message);
});

test.each<[string, Record<string, unknown>, object]>([
  [
    'a subject that is the client',
    { sub: 'till', azp: 'till', client_id: undefined },
    { service: { name: 'till' } },
  ],
  ['no subject', { sub: undefined, client_id: 'till' }, { service: { name: 'till' } }],
  [
    'Auth0’s word',
    { sub: 'x@clients', client_id: undefined, azp: 'till', gty: 'client-credentials' },
    { service: { name: 'till' } },
  ],
  [
    'Entra ID’s word',
    { sub: 'object', client_id: undefined, azp: 'till', idtyp: 'app' },
    { service: { name: 'till' } },
  ],
  ['a user of a client', { sub: 'till2', client_id: 'till' }, { user: { id: 'till2' } }],
  [
    'a user of no client',
    { client_id: undefined, preferred_username: 'Ann' },
    { user: { id: 'ann', name: 'Ann' } },
  ],
])('%s tells who calls', async (_what, claims, expected) => {
  using service = open(provider);
  expect(await service.authenticate(bearer(await provider.token(keys.rsa, { claims })))).toMatchObject(
    expected,
  );
});

test('other types of tokens are accepted where they are listed, in any spelling of RFC 7515', async () => {
  using service = open(provider, { types: ['JWT', ''] });
  for (const typ of ['JWT', 'jwt', 'application/jwt', undefined]) {
    const token = await provider.token(keys.rsa, { header: { typ } });
    expect(await service.authenticate(bearer(token))).toMatchObject({ user: { id: 'ann' } });
  }
  const accessToken = await provider.token(keys.rsa);
  await expect(service.authenticate(bearer(accessToken))).rejects.toThrow('its typ is wrong');
});

test('only the services that are listed are known, by their names', async () => {
  using service = open(provider, { services: { 'client-7': 'till' } });
  const till = await provider.serviceToken(keys.rsa, 'client-7');
  expect(await service.authenticate(bearer(till))).toMatchObject({
    service: { name: 'till', id: 'client-7' },
  });
  for (const other of ['till', 'constructor']) {
    const token = await provider.serviceToken(keys.rsa, other);
    await expect(service.authenticate(bearer(token))).rejects.toThrow('it is of an unknown service');
  }
  using anyOther = open(provider);
  const named = await provider.serviceToken(keys.rsa, 'admin');
  await expect(anyOther.authenticate(bearer(named))).rejects.toThrow('it is of an unknown service');
});

test('a rule of one’s own decides, and what it returns is checked', async () => {
  const log = recordingLogger();
  const callerOf = vi.fn<NonNullable<IdentityProvider['callerOf']>>();
  using service = open(provider, { callerOf }, log);
  const ask = async () =>
    service.authenticate(bearer(await provider.token(keys.rsa, { claims: { groups: ['root'] } })));
  callerOf.mockImplementationOnce((claims) => ({
    kind: 'user',
    id: '7',
    role: (claims['groups'] as string[]).includes('root') ? 'admin' : 'user',
  }));
  expect(await ask()).toMatchObject({ user: { id: '7', name: '7', role: 'admin' } });
  callerOf.mockReturnValueOnce(undefined);
  await expect(ask()).rejects.toThrow('its claims name no caller');
  callerOf.mockReturnValueOnce({ kind: 'user', id: 7 } as never);
  await expect(ask()).rejects.toThrow('its claims are invalid');
  callerOf.mockImplementationOnce(() => {
    throw new TypeError('no such claim');
  });
  await expect(ask()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  expect(log.lines).toEqual([expect.objectContaining({ fields: { reason: 'no such claim' } })]);
});

test('a token is verified once, and then known without a promise until its key is withdrawn or it is revoked', async () => {
  await using own = await SmallProvider.start(keys.rsa);
  const set = new RevocationSet();
  const callerOf = vi.fn<NonNullable<IdentityProvider['callerOf']>>(() => ({ kind: 'user', id: 'ann' }));
  const revocations = { set, status: () => ({ state: 'following' as const, size: 0, position: 0 }) };
  using service = open(own, { callerOf, revocations: revocations as never });
  const credentials = bearer(await own.token(keys.rsa, { claims: { jti: 'one' } }));
  const first = await service.authenticate(credentials);
  expect(service.authenticate(credentials)).toEqual(first);
  expect(callerOf).toHaveBeenCalledTimes(1);
  set.add([{ id: 'one', expiresAt: Date.now() + 300_000 }]);
  await expect(service.authenticate(credentials)).rejects.toThrow('it was revoked');

  const other = bearer(await own.token(keys.rsa));
  await service.authenticate(other);
  // Another key under the same id, fetched because a token has an unknown one.
  const impostor = await makeKey('RS256', 'rsa');
  own.published = [impostor.jwk, keys.next.jwk];
  await service.authenticate(bearer(await own.token(keys.next)));
  await expect(service.authenticate(other)).rejects.toThrow('its signature is wrong');
});

test('a new key is fetched for the first token with it, and invented ones cause one request in ten seconds', async () => {
  await using own = await SmallProvider.start(keys.rsa);
  using service = open(own);
  await service.authenticate(bearer(await own.token(keys.rsa)));
  expect(own.asked).toBe(1);
  own.published = [keys.rsa.jwk, keys.next.jwk];
  const next = await own.token(keys.next);
  await Promise.all([1, 2, 3].map(async () => service.authenticate(bearer(next))));
  expect(own.asked).toBe(2);
  for (let n = 0; n < 20; n += 1) {
    const token = await own.token(keys.rsa, { header: { kid: `invented-${n}` } });
    await expect(service.authenticate(bearer(token))).rejects.toThrow('its key is unknown');
  }
  expect(own.asked).toBe(2);
});

test.each<[string, (own: SmallProvider) => void]>([
  ['does not answer', (own) => (own.fault = (response) => response.socket?.destroy())],
  ['answers 500', (own) => (own.fault = (response) => response.writeHead(500).end())],
  [
    'answers without end',
    (own) => (own.fault = (response) => response.end(`{"keys":["${'x'.repeat(600_000)}"]}`)),
  ],
  [
    'answers a redirect',
    (own) => (own.fault = (response) => response.writeHead(302, { location: '/keys' }).end()),
  ],
  ['answers no JSON', (own) => (own.fault = (response) => response.end('<html>'))],
  ['has no keys', (own) => (own.published = [])],
  [
    'has symmetric keys only',
    (own) => (own.published = [{ kty: 'oct', k: 'c2VjcmV0', kid: 'rsa', alg: 'HS256' }]),
  ],
  [
    'has short keys only',
    (own) => (own.published = [{ kty: 'RSA', n: 'A'.repeat(170), e: 'AQAB', kid: 'rsa' }]),
  ],
  [
    'speaks for another issuer',
    (own) => (own.metadata = { issuer: 'https://other.example', jwks_uri: `${own.issuer}/keys` }),
  ],
  ['has no metadata', (own) => (own.metadata = undefined)],
])('a provider that %s: 503 before the first keys; known keys stay in force', async (what, spoil) => {
  await using own = await SmallProvider.start(keys.rsa);
  const token = bearer(await own.token(keys.rsa));
  {
    spoil(own);
    using early = open(own);
    await expect(early.authenticate(token)).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      retry: 'safe',
    });
  }
  own.fault = undefined;
  own.published = [keys.rsa.jwk];
  own.metadata = { issuer: own.issuer, jwks_uri: `${own.issuer}/keys` };
  using service = open(own);
  await service.authenticate(token);
  spoil(own);
  const unknown = bearer(await own.token(keys.next));
  await expect(service.authenticate(unknown)).rejects.toThrow('its key is unknown');
  expect(await service.authenticate(bearer(await own.token(keys.rsa))), what).toMatchObject({
    user: { id: 'ann' },
  });
});

test('a start while the provider is away uses the local copy, if that is of this issuer', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'provider-keys-'));
  try {
    await using own = await SmallProvider.start(keys.rsa);
    const token = bearer(await own.token(keys.rsa));
    const copy = async () => (await readdir(stateDir)).filter((name) => name.endsWith('.json'));
    {
      using first = open(own, { stateDir });
      await first.authenticate(token);
      await vi.waitFor(async () => expect(await copy()).toHaveLength(1));
    }
    own.fault = (response) => response.socket?.destroy();
    {
      using second = open(own, { stateDir });
      expect(await second.authenticate(token)).toMatchObject({ user: { id: 'ann' } });
      using other = open(own, { stateDir, issuer: `${own.issuer}/other` });
      await expect(other.authenticate(token)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    }
    const [name = ''] = await copy();
    const log = recordingLogger();
    await writeFile(
      join(stateDir, name),
      JSON.stringify({ issuer: 'https://other.example', jwks: { keys: [] } }),
    );
    using third = open(own, { stateDir }, log);
    await expect(third.authenticate(token)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(JSON.stringify(log.lines)).toContain('it is not a set of public keys of this issuer');
  } finally {
    await rm(stateDir, { recursive: true });
  }
});

test('keys are taken by URL, or given, also one without an id; of others only the usable are taken', async () => {
  const unnamed = await makeKey('ES256', undefined);
  const given = {
    keys: [{ kty: 'oct', k: 'x' }, ['nonsense'], { ...keys.rsa.jwk, use: 'enc' }, unnamed.jwk],
  };
  using fixed = open(provider, { publicKeys: given });
  const token = await provider.token(unnamed);
  expect(await fixed.authenticate(bearer(token))).toMatchObject({ user: { id: 'ann' } });
  await expect(fixed.authenticate(bearer(await provider.token(keys.rsa)))).rejects.toThrow(
    'its key is unknown',
  );

  using byUrl = open(provider, { issuer: 'accounts.example', jwksUrl: `${provider.issuer}/keys` });
  const named = await provider.token(keys.rsa, { claims: { iss: 'accounts.example' } });
  expect(await byUrl.authenticate(bearer(named))).toMatchObject({ user: { id: 'ann' } });
});

test.each<[string, Partial<Record<keyof IdentityProvider, unknown>>]>([
  ['algorithm HS256', { algorithms: ['HS256'] }],
  ['algorithm none', { algorithms: ['none'] }],
  ['algorithms is empty', { algorithms: [] }],
  ['types is empty', { types: [] }],
  ['audience', { audience: [] }],
  ['audience', { audience: '' }],
  ['issuer', { issuer: '' }],
  ['issuer must be a URL', { issuer: 'accounts.example' }],
  ['jwksUrl must be a URL', { jwksUrl: 'file:///etc/passwd' }],
  ['it has no public key', { publicKeys: { keys: [{ kty: 'oct', k: 'x' }] } }],
  ['it is not a JWK set', { publicKeys: 'a PEM' }],
])('options that could verify nothing, or anything, are refused at the start: %s', (message, options) => {
  expect(() => open(provider, options as Partial<IdentityProvider>)).toThrow(message);
});
