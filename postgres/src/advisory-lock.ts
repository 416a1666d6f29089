import { createHash } from 'node:crypto';

/** The key of an advisory lock, derived from a name: 64 bits, signed, as text for SQL. */
export function lockKey(name: string): string {
  return createHash('sha256').update(name).digest().readBigInt64BE(0).toString();
}
