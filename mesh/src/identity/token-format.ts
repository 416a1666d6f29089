import { algorithm } from './claims.ts';

/** The longest token that is looked at, in characters. */
export const longestToken = 8192;

/** The longest name of a key, in characters, as a published key may have it. */
const longestKeyId = 128;

/** An Ed25519 signature: 64 bytes in base64url, whose last character holds two bits that count. */
const signaturePattern = /^[\w-]{85}[AQgw]$/;

const base64urlPattern = /^[\w-]+$/;

/** A token taken apart. Nothing of it is to be believed before its signature was verified. */
export type TokenParts = Readonly<{
  /** `typ` in its header. */
  typ: string;
  /** The key that its header names. */
  kid: string;
  /** What is signed: header and payload as they stand. */
  signed: string;
  payload: string;
  signature: string;
}>;

/** Why a token is refused, as the rest of "The token is refused: …"; it holds nothing of the token. */
export type Fault = `it ${string}` | `its ${string}`;

const malformed: Fault = 'it is malformed';

/**
 * Takes a token apart: three parts of base64url, the header `alg`, `typ` and
 * `kid` and nothing else. So nothing that a header may say beside these (`jwk`,
 * `jku`, `x5u`, `crit`, `b64`) is ever followed, nor can it mislead another
 * reader of the same token. Costs the same little whatever is presented.
 *
 * @returns Its parts, or what is wrong with it: an error for each bad token would cost more than to read it.
 */
export function takeApart(token: string): TokenParts | Fault {
  if (token.length > longestToken) return 'it is too long';
  const afterHeader = token.indexOf('.');
  const afterPayload = token.indexOf('.', afterHeader + 1);
  if (afterHeader < 1 || afterPayload === -1 || token.includes('.', afterPayload + 1)) return malformed;
  const header = readJson(token.slice(0, afterHeader));
  if (!header) return malformed;
  const { alg, typ, kid, ...others } = header;
  if (alg !== algorithm) return 'its algorithm is not allowed';
  if (typeof typ !== 'string') return 'its typ is wrong';
  if (typeof kid !== 'string' || kid === '' || kid.length > longestKeyId) return 'it has no valid kid';
  if (Object.keys(others).length > 0) return 'its header has more members than alg, typ and kid';
  const signature = token.slice(afterPayload + 1);
  if (!signaturePattern.test(signature)) return 'its signature is wrong';
  const payload = token.slice(afterHeader + 1, afterPayload);
  return { typ, kid, signed: token.slice(0, afterPayload), payload, signature };
}

/**
 * Reads an object out of a header or a payload, which must be JSON as
 * `JSON.stringify` writes it, in base64url without padding: so that it can be
 * written in one way only, nothing in it twice.
 */
export function readJson(part: string): Record<string, unknown> | undefined {
  if (!base64urlPattern.test(part)) return undefined;
  const text = Buffer.from(part, 'base64url').toString();
  // To fail costs `JSON.parse` more than all else here.
  if (!text.startsWith('{"')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && JSON.stringify(value) === text ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
