const pool = Buffer.allocUnsafeSlow(4096);
let used = pool.length;

/** A random id as hexadecimal digits. The chance that all are zero, which W3C forbids, is 2^-64 at most. */
export function randomId(bytes: 8 | 16): string {
  if (used + bytes > pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}
