import { calculateJwkThumbprint, importJWK, type CryptoKey, type JWK } from 'jose';
import { z } from 'zod';
import { longestKeyId } from './token-header.ts';

/**
 * Signature algorithms that a provider may use (RFC 7518 §3.1, RFC 8037 §3.1). HMAC and `none` are not among them: a
 * service that can verify HMAC can also forge.
 */
export const providerAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
export type ProviderAlgorithm = (typeof providerAlgorithms)[number];

/** Most keys of one provider. */
const mostKeys = 100;

/** Shortest RSA modulus, in bits (RFC 7518 §3.3). */
const shortestModulus = 2048;

const base64url = z.base64url().max(2048);
const about = {
  kid: z.string().min(1).max(longestKeyId).optional(),
  use: z.literal('sig').optional(),
  alg: z.string().optional(),
  key_ops: z
    .array(z.string())
    .refine((operations) => operations.includes('verify'))
    .optional(),
};
const jwk = z.discriminatedUnion('kty', [
  z.object({
    kty: z.literal('RSA'),
    n: base64url.refine((n) => Buffer.from(n, 'base64url').length * 8 >= shortestModulus),
    e: base64url,
    ...about,
  }),
  z.object({
    kty: z.literal('EC'),
    crv: z.enum(['P-256', 'P-384', 'P-521']),
    x: base64url,
    y: base64url,
    ...about,
  }),
  z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: base64url, ...about }),
]);

/** A set of keys of which each is checked by itself: a provider also publishes keys for other purposes. */
const published = z.object({ keys: z.array(z.unknown()).max(mostKeys) });

const ofCurve = {
  'P-256': ['ES256'],
  'P-384': ['ES384'],
  'P-521': ['ES512'],
  // RFC 9864 §2.2: one algorithm, two names.
  Ed25519: ['EdDSA', 'Ed25519'],
} as const;

/** A public key of a provider, for each of the algorithms that it is for. */
export interface ProviderKey {
  readonly kid: string | undefined;
  /** Its thumbprint (RFC 7638): the same for the same key, another for another key under the same `kid`. */
  readonly id: string;
  readonly algorithms: ReadonlySet<string>;
  /** The key for an algorithm that it is for; imported once. */
  as(alg: string): Promise<CryptoKey>;
}

type PublicKey = z.output<typeof jwk>;

/**
 * Reads a JWK set (RFC 7517 §5). Keys that are not for signatures, of an unknown kind or too short are left out; of a
 * private key, only the public part is read.
 *
 * @throws TypeError if it is not a set of keys, or no key is left.
 */
export function parseProviderKeys(set: unknown): readonly PublicKey[] {
  const parsed = published.safeParse(set);
  if (!parsed.success) throw new TypeError(`it is not a JWK set of up to ${mostKeys} keys`);
  const usable = parsed.data.keys.flatMap((one) => {
    const { data } = jwk.safeParse(one);
    return data ? [data] : [];
  });
  if (usable.length === 0) throw new TypeError('it has no public key for signatures');
  return usable;
}

/** Imports the keys of a JWK set. @throws TypeError if it is not a set of keys, or no key is left. */
export async function readProviderKeys(set: unknown): Promise<readonly ProviderKey[]> {
  const read = await Promise.all(parseProviderKeys(set).map(toProviderKey));
  const keys = read.filter((key) => key !== undefined);
  if (keys.length === 0) throw new TypeError('none of its keys can be imported');
  return keys;
}

/** @returns `undefined` if it is for no algorithm, or not a key: a point that is not on its curve, for example. */
async function toProviderKey(one: PublicKey): Promise<ProviderKey | undefined> {
  const { kid, alg, use: _use, key_ops: _operations, ...key } = one;
  const possible: readonly string[] =
    key.kty === 'RSA' ? providerAlgorithms.filter((each) => /^[RP]S/.test(each)) : ofCurve[key.crv];
  const algorithms = possible.filter((each) => alg === undefined || alg === each);
  const imported = new Map<string, Promise<CryptoKey>>();
  const [first] = algorithms;
  if (first === undefined) return undefined;
  try {
    imported.set(first, Promise.resolve(await importPublic(key, first)));
  } catch {
    return undefined;
  }
  return {
    kid,
    id: await calculateJwkThumbprint(key),
    algorithms: new Set(algorithms),
    as(each) {
      let found = imported.get(each);
      if (!found) imported.set(each, (found = importPublic(key, each)));
      return found;
    },
  };
}

async function importPublic(key: JWK, alg: string): Promise<CryptoKey> {
  const imported = await importJWK(key, alg);
  // For the type only: the schema above rejects symmetric keys.
  if (imported instanceof Uint8Array) throw new TypeError('Symmetric keys are not supported');
  return imported;
}
