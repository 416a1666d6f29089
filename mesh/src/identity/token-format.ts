import { algorithm } from './claims.ts';

/** The longest token that is looked at, in characters. */
const longestToken = 8192;

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

/** Why a token is none of this mesh, as the rest of "The token is refused: …". It holds nothing of the token. */
export class TokenFormatError extends Error {
  override readonly name = 'TokenFormatError';
}

/**
 * Takes a token apart: three parts of base64url, the header `alg`, `typ` and
 * `kid` and nothing else. So nothing that a header may say beside these (`jwk`,
 * `jku`, `x5u`, `crit`, `b64`) is ever followed, nor can it mislead another
 * reader of the same token. Costs the same little whatever is presented.
 *
 * @throws TokenFormatError saying what is wrong.
 */
export function takeApart(token: string): TokenParts {
  if (token.length > longestToken) throw new TokenFormatError('it is too long');
  const afterHeader = token.indexOf('.');
  const afterPayload = token.indexOf('.', afterHeader + 1);
  const signature = token.slice(afterPayload + 1);
  const signed = token.slice(0, afterPayload);
  const payload = signed.slice(afterHeader + 1);
  if (afterHeader < 1 || afterPayload === -1 || signature.includes('.')) throw malformed();
  const { alg, typ, kid, ...others } = readJson(signed.slice(0, afterHeader));
  if (alg !== algorithm) throw new TokenFormatError('its algorithm is not allowed');
  if (typeof typ !== 'string') throw new TokenFormatError('its typ is wrong');
  if (typeof kid !== 'string' || kid === '' || kid.length > longestKeyId)
    throw new TokenFormatError('it names no key');
  if (Object.keys(others).length > 0)
    throw new TokenFormatError('its header says more than alg, typ and kid');
  if (!signaturePattern.test(signature)) throw new TokenFormatError('its signature is wrong');
  return { typ, kid, signed, payload, signature };
}

/**
 * Reads an object out of a header or a payload, which must be JSON as
 * `JSON.stringify` writes it, in base64url without padding: so that it can be
 * written in one way only, nothing in it twice.
 *
 * @throws TokenFormatError if it is none.
 */
export function readJson(part: string): Record<string, unknown> {
  if (!base64urlPattern.test(part)) throw malformed();
  const text = Buffer.from(part, 'base64url').toString();
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isObject && JSON.stringify(value) === text) return value as Record<string, unknown>;
  } catch {
    // Neither is it JSON.
  }
  throw malformed();
}

function malformed(): TokenFormatError {
  return new TokenFormatError('it is no well-formed token');
}
