import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDecoder, createVerifier } from 'fast-jwt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestIdentity, type TestIdentity } from '../testing/index.ts';
import { publicPart, type Jwks } from './index.ts';

// Tokens can be verified without this code, by any library that has the URL of the keys.

let identity: TestIdentity;
const server = createServer((_request, response) => {
  response.end(JSON.stringify({ keys: [publicPart(identity.jwk)] } satisfies Jwks));
});
let jwksUrl: string;

beforeAll(async () => {
  identity = await createTestIdentity();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`;
});
afterAll(() => server.close());

const decode = createDecoder({ complete: true });

/** Verification without this code: fast-jwt, `node:crypto` and the published keys. */
async function verifyElsewhere(token: string, expected: { typ: string; audience: string }): Promise<unknown> {
  const { keys } = (await (await fetch(jwksUrl)).json()) as Jwks;
  const { header } = decode(token) as { header: { kid: string } };
  const jwk = keys.find(({ kid }) => kid === header.kid);
  if (!jwk) throw new Error('no such key');
  const verify = createVerifier({
    key: createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString(),
    algorithms: ['EdDSA'],
    allowedIss: 'arcadium-auth',
    allowedAud: expected.audience,
    checkTyp: expected.typ,
    requiredClaims: ['sub', 'jti', 'iat', 'exp'],
  });
  return verify(token);
}

const forServices = { typ: 'service+jwt', audience: 'arcadium-services' };
const forUsers = { typ: 'at+jwt', audience: 'arcadium-users' };

test('a service’s token and a user’s are verified by another library from the published keys', async () => {
  expect(await verifyElsewhere(await identity.serviceToken('wiki'), forServices)).toMatchObject({
    type: 'service',
    service_id: 'wiki-id',
    service_name: 'wiki',
    sub: 'wiki-id',
  });
  expect(await verifyElsewhere(await identity.userToken({ id: 'u1', name: 'Änn' }), forUsers)).toMatchObject({
    type: 'user',
    sub: 'u1',
    name: 'Änn',
    role: 'user',
  });
});

test('and neither passes for the other there, nor one that has expired or was changed', async () => {
  const [service, user] = await Promise.all([identity.serviceToken('wiki'), identity.userToken()]);
  await expect(verifyElsewhere(service, forUsers)).rejects.toThrow();
  await expect(verifyElsewhere(user, forServices)).rejects.toThrow();
  await expect(verifyElsewhere(service, { ...forServices, audience: forUsers.audience })).rejects.toThrow(
    /aud/,
  );
  await expect(verifyElsewhere(service, { ...forServices, typ: forUsers.typ })).rejects.toThrow(/typ|type/);
  const old = await identity.serviceToken('wiki', new Date(Date.now() - 100 * 24 * 3_600_000));
  await expect(verifyElsewhere(old, forServices)).rejects.toThrow(/expired/);
  const [header, , signature] = service.split('.');
  const changed = [header, user.split('.')[1], signature].join('.');
  await expect(verifyElsewhere(changed, forUsers)).rejects.toThrow(/signature/);
  const stranger = await createTestIdentity();
  await expect(verifyElsewhere(await stranger.serviceToken('wiki'), forServices)).rejects.toThrow(
    /no such key/,
  );
});
