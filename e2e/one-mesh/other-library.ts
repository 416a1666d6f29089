import { createPublicKey } from 'node:crypto';
import { authContract } from '@arcadium/contracts/auth';
import { connect } from '@arcadium/mesh/client';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { createDecoder, createVerifier } from 'fast-jwt';
import pg from 'pg';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { until } from '../src/mesh.ts';
import { logIn, newPerson } from '../src/people.ts';
import { administrator, mesh } from './mesh.ts';

// Verifies auth's tokens with only the JWKS and another library.

const decode = createDecoder({ complete: true });
const header = z.object({ kid: z.string(), alg: z.literal('EdDSA') });
const keySet = z.object({
  keys: z.array(z.object({ kid: z.string(), kty: z.string(), crv: z.string(), x: z.string() })),
});

const kidOf = (token: string) => header.parse(z.object({ header }).parse(decode(token)).header).kid;

async function publishedKeys() {
  const answer = await fetch(`${mesh.url('auth')}/.well-known/jwks.json`);
  expect(answer.headers.get('content-type')).toContain('application/json');
  return keySet.parse(await answer.json()).keys;
}

async function verify(token: string, expected: { typ: string; audience: string }): Promise<unknown> {
  const jwk = (await publishedKeys()).find(({ kid }) => kid === kidOf(token));
  if (!jwk) throw new Error('no such key');
  const key = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
  return createVerifier({
    key,
    algorithms: ['EdDSA'],
    allowedIss: 'arcadium-auth',
    allowedAud: expected.audience,
    checkTyp: expected.typ,
    requiredClaims: ['sub', 'jti', 'iat', 'exp'],
  })(token);
}

const forServices = { typ: 'service+jwt', audience: 'arcadium-services' };
const forUsers = { typ: 'at+jwt', audience: 'arcadium-users' };

test('tokens of services and of users are good elsewhere, of the first key and of the next', async () => {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = administrator;
  const { token } = await logIn(mesh, { email, password });
  await using admin = connect(authContract, { as: 'admin', url: mesh.url('auth'), token, log });
  const madeForService = async () => (await admin.serviceTokens.issue.mutate({ service: 'wiki' })).token;
  const made = async () => {
    const service = await madeForService();
    const person = await newPerson(mesh, 'Ann');
    for (const client of [person.auth, person.wiki, person.notification]) await client[Symbol.asyncDispose]();
    return { service, user: person.token, userId: person.id };
  };
  const expectGood = async ({ service, user, userId }: Awaited<ReturnType<typeof made>>) => {
    const wiki = { type: 'service', service_name: 'wiki', service_id: 'wiki-id', sub: 'wiki-id' };
    expect(await verify(service, forServices)).toMatchObject(wiki);
    expect(await verify(user, forUsers)).toMatchObject({ type: 'user', sub: userId, name: 'Ann' });
    await expect(verify(service, forUsers)).rejects.toThrow();
    await expect(verify(user, forServices)).rejects.toThrow();
  };
  const before = await made();
  await expectGood(before);

  const next = await admin.keys.rotate.mutate();
  expect((await publishedKeys()).map(({ kid }) => kid).toSorted()).toEqual(
    [kidOf(before.service), next.kid].toSorted(),
  );
  // It is normally only published for at least 15 minutes; here its time comes sooner.
  expect(kidOf(await madeForService())).toBe(kidOf(before.service));
  const database = new pg.Client(mesh.database.adminUrl);
  await database.connect();
  await database.query('UPDATE auth.signing_keys SET active_from = now() WHERE kid = $1', [next.kid]);
  await database.end();
  await until(async () => kidOf(await madeForService()) === next.kid, 'the next key signs');
  const after = await made();
  expect([kidOf(after.service), kidOf(after.user)]).toEqual([next.kid, next.kid]);
  await expectGood(after);
  await expectGood(before);
});
