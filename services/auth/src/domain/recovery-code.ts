import { randomInt } from 'node:crypto';
import type { Seal } from './seal.ts';

/** Number of codes of a user. */
const count = 10;

/** 32 unambiguous characters; ten of them have 50 bits. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** New recovery codes, such as `k7mq2-x9dpa`. */
export function newRecoveryCodes(): string[] {
  const codes = new Set<string>();
  while (codes.size < count) codes.add(`${word()}-${word()}`);
  return [...codes];
}

/**
 * The stored form of a code. With only 50 bits, a plain hash could be found by brute force; this one also
 * needs ENCRYPTION_KEY.
 */
export function recoveryCodeHash(seal: Seal, userId: string, code: string): Buffer<ArrayBuffer> {
  return Buffer.from(seal.mac(code.toLowerCase(), `recovery code of ${userId}`));
}

function word(): string {
  return Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('');
}
