import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  calculateJwkThumbprint,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  importJWK,
  SignJWT,
  type JWK,
  type JWTPayload,
} from 'jose';
import { audience, issuer } from '../identity.ts';
import { root } from './services.ts';

// Signs tokens as an identity provider does (RFC 9068), so that one can take its place.

/** The private key. Services do not need it, so it is not deployed with them. */
const keyFile = join(root, '.data', 'signing-key.json');

/** A service token is renewed when it has less time left, in milliseconds: after 60 of 90 days. */
const renewBeforeMs = 30 * 24 * 3_600_000;

/** The public part of the signing key. */
export async function publicKey(): Promise<JWK> {
  const { d: _private, ...jwk } = await signingKey();
  return jwk;
}

/** A token with which a service proves who it is; `present`, if that is good for another 30 days. */
export async function serviceToken(service: string, present: string | undefined): Promise<string> {
  if (present && (await isFresh(present))) return present;
  return sign({ sub: service, client_id: service }, '90 days');
}

/** A token of a user for 15 minutes, to try things out. */
export async function userToken(name: string): Promise<string> {
  return sign({ sub: name.toLowerCase(), name }, '15 minutes');
}

async function sign(claims: JWTPayload, lifetime: string): Promise<string> {
  const jwk = await signingKey();
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: jwk.kid ?? '' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(lifetime)
    .sign(await importJWK(jwk, 'EdDSA'));
}

/** Generated with the first call. */
async function signingKey(): Promise<JWK> {
  if (!existsSync(keyFile)) {
    const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    const jwk = await exportJWK(privateKey);
    const kid = await calculateJwkThumbprint(jwk);
    mkdirSync(dirname(keyFile), { recursive: true });
    writeFileSync(keyFile, JSON.stringify({ ...jwk, kid, use: 'sig', alg: 'EdDSA' }), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(keyFile, 'utf8')) as JWK;
}

async function isFresh(token: string): Promise<boolean> {
  const { kid } = await signingKey();
  const { exp = 0 } = decodeJwt(token);
  return decodeProtectedHeader(token).kid === kid && exp * 1000 - Date.now() > renewBeforeMs;
}
