import { randomInt } from 'node:crypto';
import type { Seal } from './seal.ts';

/** How many a user has. */
const count = 10;

/** 32 characters, none of which looks like another: ten of them are 50 bits. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** New recovery codes, as `k7mq2-x9dpa`. */
export function newRecoveryCodes(): string[] {
  const codes = new Set<string>();
  while (codes.size < count) codes.add(`${word()}-${word()}`);
  return [...codes];
}

/**
 * What is stored of one. With 50 bits a plain hash could be found by trying;
 * this one cannot without ENCRYPTION_KEY.
 */
export function recoveryCodeHash(seal: Seal, userId: string, code: string): Buffer<ArrayBuffer> {
  return Buffer.from(seal.mac(code.toLowerCase(), `recovery code of ${userId}`));
}

function word(): string {
  return Array.from({ length: 5 }, () => alphabet[randomInt(alphabet.length)]).join('');
}
