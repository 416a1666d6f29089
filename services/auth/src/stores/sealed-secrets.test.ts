import { randomBytes } from 'node:crypto';
import { nobody } from '@arcadium/mesh/contract';
import { publicPart } from '@arcadium/mesh/identity';
import { generateSigningKey } from '@arcadium/mesh/issuer';
import { TOTP } from 'otpauth';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Seal } from '../domain/seal.ts';
import { openKey, sealKey } from '../domain/sealed-key.ts';
import { openAuth, outcomeOf, type TestAuth } from '../testing/service.ts';
import { loadMacKey, renewSealed } from './sealed-secrets.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await openAuth();
});
afterAll(() => auth.close());

test('after a change of ENCRYPTION_KEY the old key is not needed: signing keys, second factors and recovery codes', async () => {
  const { seal, client } = auth;
  expect(await loadMacKey(client, seal)).toBe(true);
  const jwk = await generateSigningKey();
  await client.signingKey.create({
    data: {
      kid: jwk.kid,
      publicJwk: publicPart(jwk),
      sealedPrivate: sealKey(seal, jwk),
      publishedAt: auth.clock.now(),
    },
  });
  const ann = await auth.newPerson();
  const { secret } = await auth.call('totp.enroll', ann.caller, { password: ann.password });
  const codeNow = () => new TOTP({ secret }).generate({ timestamp: auth.clock.now().getTime() });
  const { recoveryCodes } = await auth.call('totp.confirm', ann.caller, { code: codeNow() });

  const next = randomBytes(32);
  seal.use([next, auth.encryptionKey]);
  // The key of HMACs, the signing key and the second factor.
  expect(await renewSealed(client, seal)).toEqual({ renewed: 3, unreadable: 0 });
  expect(await renewSealed(client, seal)).toEqual({ renewed: 0, unreadable: 0 });

  // A process that starts later, with the new key alone.
  const later = new Seal(next);
  expect(await loadMacKey(client, later)).toBe(true);
  expect(later.macKey.equals(seal.macKey)).toBe(true);
  const stored = await client.signingKey.findUniqueOrThrow({ where: { kid: jwk.kid } });
  expect(openKey(later, jwk.kid, stored.sealedPrivate ?? new Uint8Array())).toEqual(jwk);
  expect(await loadMacKey(client, new Seal(auth.encryptionKey))).toBe(false);

  seal.use([next]);
  const { email, password, refreshToken } = ann;
  const logIn = (code: string) => outcomeOf(auth.call('sessions.login', nobody, { email, password, code }));
  auth.clock.advance(30_000);
  expect(await logIn(codeNow())).toBe('done');
  expect(await logIn(recoveryCodes[0] ?? '')).toBe('done');
  // An answer that was lost before the change is given again after it.
  const refresh = () => auth.call('sessions.refresh', nobody, { refreshToken });
  const first = await refresh();
  expect((await refresh()).refreshToken).toBe(first.refreshToken);
});
