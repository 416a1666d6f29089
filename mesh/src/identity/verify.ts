import { errors, jwtVerify, type JWTHeaderParameters } from 'jose';
import { MeshError } from '../wire/index.ts';
import {
  algorithm,
  issuer,
  serviceAudience,
  serviceClaims,
  serviceTokenType,
  userAudience,
  userClaims,
  userTokenType,
  type ServiceClaims,
  type UserClaims,
} from './claims.ts';
import type { KeySet } from './key-set.ts';

/** The longest token that is looked at, in characters. */
const longestToken = 8192;

/** How far the clocks of two machines may be apart, in seconds. */
const clockTolerance = 5;

/** What each kind of token must be, beside well signed and in its time. */
const kinds = {
  service: { typ: serviceTokenType, audience: serviceAudience, claims: serviceClaims },
  user: { typ: userTokenType, audience: userAudience, claims: userClaims },
} as const;

/** A kind of token; each has rules of its own, and neither passes for the other. */
export type TokenKind = keyof typeof kinds;

/** What a token of a kind says. */
export type ClaimsOf<Kind extends TokenKind> = Kind extends 'service' ? ServiceClaims : UserClaims;

/** What a good token says, and which key signed it. */
export type VerifiedToken<Kind extends TokenKind> = Readonly<{ claims: ClaimsOf<Kind>; kid: string }>;

/**
 * Verifies a token: signature by a known key, algorithm, type, issuer,
 * audience, time, and the shape of its claims (RFC 8725).
 *
 * @throws MeshError UNAUTHORIZED, saying which of these does not hold, never the token.
 */
export async function verifyToken<Kind extends TokenKind>(
  kind: Kind,
  token: string,
  keys: KeySet,
): Promise<VerifiedToken<Kind>> {
  const { typ, audience, claims } = kinds[kind];
  if (token.length > longestToken) throw refused(kind, 'it is too long');
  const verified = await jwtVerify(token, (header) => keyFor(header, kind, keys), {
    algorithms: [algorithm],
    issuer,
    audience,
    typ,
    clockTolerance,
    requiredClaims: ['sub', 'jti', 'iat', 'exp'],
  }).catch((error: unknown) => {
    throw error instanceof MeshError ? error : refused(kind, reasonOf(error));
  });
  const parsed = claims.safeParse(verified.payload);
  if (!parsed.success) throw refused(kind, 'its claims are not those of such a token');
  // jose looks at `nbf` alone; a token issued in the future was signed with a wrong clock or for later use.
  if (parsed.data.iat > Date.now() / 1000 + clockTolerance) throw refused(kind, 'it is not yet valid');
  return { claims: parsed.data as ClaimsOf<Kind>, kid: verified.protectedHeader.kid ?? '' };
}

async function keyFor({ kid }: JWTHeaderParameters, kind: TokenKind, keys: KeySet) {
  if (typeof kid !== 'string') throw refused(kind, 'it names no key');
  const key = await keys.find(kid);
  if (!key) throw refused(kind, 'it names a key that is not known');
  return key;
}

function refused(kind: TokenKind, reason: string): MeshError {
  return new MeshError('UNAUTHORIZED', `The ${kind} token is refused: ${reason}`);
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'nbf' ? 'it is not yet valid' : `its ${error.claim} is wrong`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  return 'it is no well-formed token';
}
