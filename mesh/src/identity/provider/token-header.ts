import { longestToken, type Fault } from '../token-format.ts';

/** Longest `kid`, in characters. */
export const longestKeyId = 512;

/** What is read of the header of a token; not to be trusted before the signature is verified. */
export type TokenHeader = Readonly<{ alg: string; kid: string | undefined; typ: string | undefined }>;

const part = /^[\w-]+$/;

/**
 * Reads the header of a provider's token (RFC 7515 §4.1). Providers add members such as `x5t`, so only what could change
 * how a token is read is refused: `crit`, `b64`. Keys in it (`jwk`, `jku`, `x5u`, `x5c`) are never followed.
 *
 * @returns Or what is wrong with it.
 */
export function readHeader(token: string): TokenHeader | Fault {
  if (token.length > longestToken) return 'it is too long';
  const parts = token.split('.', 4);
  const [header = '', , signature = ''] = parts;
  if (parts.length !== 3 || !parts.every((one) => part.test(one))) return 'it is malformed';
  // One text for one signature: a token is remembered by its text.
  if (Buffer.from(signature, 'base64url').toString('base64url') !== signature)
    return 'its signature is wrong';
  const read = readObject(header);
  if (!read || 'crit' in read || 'b64' in read) return 'it is malformed';
  const { alg, kid, typ } = read;
  if (typeof alg !== 'string') return 'its algorithm is not allowed';
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > longestKeyId))
    return 'it has no valid kid';
  if (typ !== undefined && typeof typ !== 'string') return 'its typ is wrong';
  return { alg, kid, typ };
}

function readObject(encoded: string): Record<string, unknown> | undefined {
  const text = Buffer.from(encoded, 'base64url').toString();
  // A failing `JSON.parse` costs more than everything else here.
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
