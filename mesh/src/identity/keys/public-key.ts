import { importJWK, type CryptoKey } from 'jose';
import { z } from 'zod';
import { algorithm } from '../claims.ts';
import { longestKeyId } from '../token-format.ts';

/**
 * A public Ed25519 key as a JWK (RFC 8037).
 *
 * @example
 * const jwk = publicJwk.parse(JSON.parse('the contents of a file'));
 */
export const publicJwk = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.base64url().length(43),
  kid: z.string().min(1).max(longestKeyId),
  use: z.literal('sig'),
  alg: z.literal(algorithm),
});
export type PublicJwk = z.output<typeof publicJwk>;

/**
 * The public part of a key.
 *
 * @example
 * declare const jwk: PrivateJwk;
 * const published = { keys: [publicPart(jwk)] };
 */
export function publicPart({ kty, crv, x, kid, use, alg }: PublicJwk): PublicJwk {
  return { kty, crv, x, kid, use, alg };
}

/**
 * Imports a JWK: the private key, if it is one.
 *
 * @example
 * declare const jwk: PublicJwk;
 * const key = await importKey(jwk);
 */
export async function importKey(jwk: PublicJwk): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm);
  // For the type only: the schemas above reject symmetric keys.
  if (key instanceof Uint8Array) throw new TypeError('Symmetric keys are not supported');
  return key;
}
