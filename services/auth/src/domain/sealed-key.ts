import { privateJwk, type PrivateJwk } from '@arcadium/mesh/issuer';
import type { Seal } from './seal.ts';

/** The context of a sealed key. */
export const aboutKey = (kid: string) => `signing-key:${kid}`;

/** Encrypts a private key for the database. */
export function sealKey(seal: Seal, jwk: PrivateJwk): Buffer<ArrayBuffer> {
  return seal.seal(JSON.stringify(jwk), aboutKey(jwk.kid));
}

/** @throws Error if it was encrypted with a different ENCRYPTION_KEY or for another key, or was changed. */
export function openKey(seal: Seal, kid: string, sealed: Uint8Array): PrivateJwk {
  return privateJwk.parse(JSON.parse(seal.open(sealed, aboutKey(kid))));
}
