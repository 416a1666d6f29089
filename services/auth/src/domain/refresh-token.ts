import { createHash, randomBytes } from 'node:crypto';
import type { Seal } from './seal.ts';

/** Lifetime of a session regardless of its use: 30 days, in milliseconds. */
export const sessionLifetimeMs = 30 * 24 * 3_600_000;

/** The first refresh token of a session: 256 bits, in base64url. */
export function newRefreshToken(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The successor of a token, always the same one, and computable only by this service. So only hashes are
 * stored, and a lost answer can be given again.
 */
export function successorOf(seal: Seal, token: string): string {
  return seal.mac(token, 'refresh successor').toString('base64url');
}

/** The stored form of a token. It has as much entropy as the hash, so it needs no salt and no stretching. */
export function refreshTokenHash(token: string): Buffer<ArrayBuffer> {
  return Buffer.from(createHash('sha256').update(token).digest());
}
