import { createHash } from 'node:crypto';

/** A PostgreSQL advisory lock key (64 bits, signed, as text for SQL) made from a name. */
export function lockKey(name: string): string {
  return createHash('sha256').update(name).digest().readBigInt64BE(0).toString();
}
