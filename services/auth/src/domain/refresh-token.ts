import { createHash, randomBytes } from 'node:crypto';
import type { Seal } from './seal.ts';

/** How long a session is good, whatever it is used for: 30 days, in milliseconds. */
export const sessionLifetimeMs = 30 * 24 * 3_600_000;

/** What a session begins with: 256 bits, in base64url. */
export function newRefreshToken(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * The token that comes after another: the same one however often it is asked
 * for, and to be told by this service alone. So nothing is stored but hashes,
 * and an answer that was lost can be given again.
 */
export function successorOf(seal: Seal, token: string): string {
  return seal.mac(token, 'refresh successor').toString('base64url');
}

/** What is stored of a token. It is as random as its hash is long, so no salt and no stretching. */
export function refreshTokenHash(token: string): Buffer<ArrayBuffer> {
  return Buffer.from(createHash('sha256').update(token).digest());
}
