import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey } from 'jose';
import { z } from 'zod';
import { algorithm, defaultTokenRules, type TokenRules } from '../claims.ts';

/** An Ed25519 key as a JWK (RFC 8037), public part. */
export const publicJwk = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.base64url().length(43),
  kid: z.string().min(1).max(128),
  use: z.literal('sig'),
  alg: z.literal(algorithm),
});
export type PublicJwk = z.output<typeof publicJwk>;

/** The same with its private part. */
export const privateJwk = publicJwk.extend({ d: z.base64url().length(43) });
export type PrivateJwk = z.output<typeof privateJwk>;

/** A key that signs, the id that its tokens name it by, and the rules that they follow. */
export type SigningKey = Readonly<{ kid: string; key: CryptoKey; rules: TokenRules }>;

/** Makes a new Ed25519 key; its id is its thumbprint (RFC 7638), so that equal keys have equal ids. */
export async function generateSigningKey(): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(algorithm, { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return privateJwk.parse({ ...jwk, kid, use: 'sig', alg: algorithm });
}

/** The part of a key that may be published. */
export function publicPart({ kty, crv, x, kid, use, alg }: PublicJwk): PublicJwk {
  return { kty, crv, x, kid, use, alg };
}

/** Makes a JWK ready to sign or to verify with. */
export async function importKey(jwk: PublicJwk | PrivateJwk): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm);
  // Octets come of symmetric keys only, which the schemas above do not let in.
  if (key instanceof Uint8Array) throw new TypeError('Symmetric keys are not supported');
  return key;
}

/**
 * Makes a stored private key ready to sign.
 *
 * @param rules What its tokens say of themselves. @default as tokens of this mesh
 */
export async function importSigningKey(
  jwk: PrivateJwk,
  rules: TokenRules = defaultTokenRules,
): Promise<SigningKey> {
  return { kid: jwk.kid, key: await importKey(jwk), rules };
}
