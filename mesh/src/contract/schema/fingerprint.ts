import type { z } from 'zod';

/**
 * A 64-bit fingerprint (FNV-1a) of what a value is made of: 16 hexadecimal digits. Functions count by their source text,
 * so a function that behaves differently because of what it closes over keeps its fingerprint.
 *
 * Not cryptographic: it tells versions of a contract apart, in a browser too.
 */
export function fingerprint(value: unknown): string {
  // In limbs of 16 bits, lowest first: ten times as fast as with BigInt. The prime is 2^40 + 0x1b3.
  let [a, b, c, d] = [0x2325, 0x8422, 0x9ce4, 0xcbf2];
  for (const byte of new TextEncoder().encode(textOf(value))) {
    a ^= byte;
    const carryA = a * 0x1b3;
    const carryB = b * 0x1b3 + (carryA >>> 16);
    const carryC = c * 0x1b3 + (a << 8) + (carryB >>> 16);
    d = (d * 0x1b3 + (b << 8) + (carryC >>> 16)) & 0xffff;
    c = carryC & 0xffff;
    b = carryB & 0xffff;
    a = carryA & 0xffff;
  }
  return [d, c, b, a].map((limb) => limb.toString(16).padStart(4, '0')).join('');
}

/** Parts of a definition that do not change what matches. */
const unread = new Set(['error', 'message', 'path', 'abort']);

function textOf(value: unknown): string {
  const open: unknown[] = [];
  const write = (one: unknown): string => {
    if (typeof one === 'function') return normalised(one.toString());
    if (typeof one !== 'object' || one === null) return `${typeof one} ${String(one)}`;
    if (one instanceof RegExp || one instanceof Date) return String(one);
    // Recursive schemas.
    if (open.includes(one)) return `up ${open.length - open.indexOf(one)}`;
    open.push(one);
    const text = isSchema(one) ? write(one._zod.def) : Array.isArray(one) ? list(one) : record(one);
    open.pop();
    return text;
  };
  const list = (items: readonly unknown[]) => `[${items.map(write).join()}]`;
  const record = (fields: object) =>
    `{${Object.entries(fields)
      // A property of an object may have the same name.
      .filter(([key, field]) => !unread.has(key) || isSchema(field))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${key}:${write(field)}`)
      .join()}}`;
  return write(value);
}

/** Texts, comments, and what compilers and formatters write in one way or another. */
const tokens = /(["'`])((?:\\.|(?!\1)[^\\])*)\1|\/\/.*|\/\*[^]*?\*\/|\s+|;|,(?=\s*[)\]}])/g;

/** The source of a function, the same with types removed, compiled or formatted; minified, it is another. */
function normalised(code: string): string {
  const source = code.replaceAll(tokens, (_token, quote?: string, text = '') => (quote ? `"${text}"` : ''));
  return source.replace(/^\((\w+)\)=>/, '$1=>');
}

/** A schema or a check of zod. */
function isSchema(value: unknown): value is z.core.$ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value;
}
