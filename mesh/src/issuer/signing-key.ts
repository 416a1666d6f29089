import { calculateJwkThumbprint, exportJWK, generateKeyPair, type CryptoKey } from 'jose';
import { z } from 'zod';
import { defaultTokenRules, importKey, publicJwk, type TokenRules } from '../identity/index.ts';

/** The only algorithm of this mesh's keys. */
export const algorithm = publicJwk.shape.alg.value;

/**
 * A private Ed25519 key as a JWK.
 *
 * @example
 * const key = await importSigningKey(privateJwk.parse(JSON.parse('the contents of a file of secrets')));
 */
export const privateJwk = publicJwk.extend({ d: z.base64url().length(43) });
export type PrivateJwk = z.output<typeof privateJwk>;

/** An imported private key, its `kid`, and the rules of the tokens it signs. */
export type SigningKey = Readonly<{ kid: string; key: CryptoKey; rules: TokenRules }>;

/**
 * Generates an Ed25519 key; its `kid` is its thumbprint (RFC 7638), so that equal keys have equal ids.
 *
 * @example
 * const jwk = await generateSigningKey(); // a secret
 * const published = { keys: [publicPart(jwk)] }; // for /.well-known/jwks.json
 */
export async function generateSigningKey(): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(algorithm, { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  return privateJwk.parse({ ...jwk, kid, use: 'sig', alg: algorithm });
}

/**
 * Imports a private key.
 *
 * @param rules Issuer, audiences and types of its tokens. @default those of this mesh
 *
 * @example
 * const key = await importSigningKey(privateJwk.parse(JSON.parse('the contents of a file of secrets')));
 */
export async function importSigningKey(
  jwk: PrivateJwk,
  rules: TokenRules = defaultTokenRules,
): Promise<SigningKey> {
  return { kid: jwk.kid, key: await importKey(jwk), rules };
}
