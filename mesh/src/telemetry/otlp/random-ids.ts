/** Small, because an id keeps the text that it is a part of. */
const bytes = Buffer.allocUnsafeSlow(512);
let digits = '';
let used = 0;

/** A random id as hexadecimal digits. The chance that all are zero, which W3C forbids, is 2^-64 at most. */
export function randomId(length: 8 | 16): string {
  if (used + 2 * length > digits.length) {
    crypto.getRandomValues(bytes);
    digits = bytes.toString('hex');
    used = 0;
  }
  used += 2 * length;
  return digits.slice(used - 2 * length, used);
}
