import { algorithm } from './claims.ts';

/** Longest token accepted, in characters. */
export const longestToken = 8192;

/** Longest `kid`, in characters. */
export const longestKeyId = 128;

/** An Ed25519 signature: 64 bytes in base64url, whose last character encodes two bits. */
const signaturePattern = /^[\w-]{85}[AQgw]$/;

const base64urlPattern = /^[\w-]+$/;

/** The parts of a token; not to be trusted before the signature is verified. */
export type TokenParts = Readonly<{
  /** `typ` in its header. */
  typ: string;
  /** `kid` in its header. */
  kid: string;
  /** The signed text: header and payload, encoded. */
  signed: string;
  payload: string;
  signature: string;
}>;

/** Why a token is refused: the end of "The token is refused: …". Contains nothing of the token. */
export type Fault = `it ${string}` | `its ${string}`;

const malformed: Fault = 'it is malformed';

/**
 * Splits a token: three parts of base64url, with a header of `alg`, `typ` and
 * `kid` only. Other members (`jwk`, `jku`, `x5u`, `crit`, `b64`) are rejected, so
 * they are never followed, nor can they mislead another reader of the token.
 *
 * @returns Its parts, or what is wrong with it: throwing an error would cost more than reading the token.
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
 * Reads the object in a header or a payload. It must be JSON exactly as
 * `JSON.stringify` writes it, in base64url without padding, so that each object
 * has one form only, without duplicate members.
 *
 * @returns `undefined` if it is not.
 */
export function readJson(part: string): Record<string, unknown> | undefined {
  if (!base64urlPattern.test(part)) return undefined;
  const text = Buffer.from(part, 'base64url').toString();
  // A failing `JSON.parse` costs more than everything else here.
  if (!text.startsWith('{"')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && JSON.stringify(value) === text ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
