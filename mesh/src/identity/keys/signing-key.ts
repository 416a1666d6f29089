import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey } from 'jose';
import { z } from 'zod';
import { algorithm, defaultTokenRules, type TokenRules } from '../claims.ts';
import { longestKeyId } from '../token-format.ts';

/** A public Ed25519 key as a JWK (RFC 8037). */
export const publicJwk = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.base64url().length(43),
  kid: z.string().min(1).max(longestKeyId),
  use: z.literal('sig'),
  alg: z.literal(algorithm),
});
export type PublicJwk = z.output<typeof publicJwk>;

/** A private Ed25519 key as a JWK. */
export const privateJwk = publicJwk.extend({ d: z.base64url().length(43) });
export type PrivateJwk = z.output<typeof privateJwk>;

/** An imported private key, its `kid`, and the rules of the tokens it signs. */
export type SigningKey = Readonly<{ kid: string; key: CryptoKey; rules: TokenRules }>;

/** Generates an Ed25519 key; its `kid` is its thumbprint (RFC 7638), so that equal keys have equal ids. */
export async function generateSigningKey(): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(algorithm, { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return privateJwk.parse({ ...jwk, kid, use: 'sig', alg: algorithm });
}

/** The public part of a key. */
export function publicPart({ kty, crv, x, kid, use, alg }: PublicJwk): PublicJwk {
  return { kty, crv, x, kid, use, alg };
}

/** Imports a JWK. */
export async function importKey(jwk: PublicJwk | PrivateJwk): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm);
  // For the type only: the schemas above reject symmetric keys.
  if (key instanceof Uint8Array) throw new TypeError('Symmetric keys are not supported');
  return key;
}

/**
 * Imports a private key.
 *
 * @param rules Issuer, audiences and types of its tokens. @default those of this mesh
 */
export async function importSigningKey(
  jwk: PrivateJwk,
  rules: TokenRules = defaultTokenRules,
): Promise<SigningKey> {
  return { kid: jwk.kid, key: await importKey(jwk), rules };
}
