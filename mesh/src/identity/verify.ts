import { errors, jwtVerify } from 'jose';
import { clockToleranceMs, type SteadyClock } from '../clock/index.ts';
import type { ServiceIdentity, UserIdentity } from '../contract/index.ts';
import { remember } from '../telemetry/index.ts';
import { MeshError } from '../wire/index.ts';
import {
  algorithm,
  defaultTokenRules,
  leewayMs,
  serviceClaims,
  userClaims,
  type ServiceClaims,
  type TokenKind,
  type TokenRules,
  type UserClaims,
} from './claims.ts';
import type { KeySet } from './keys/key-set.ts';
import { isRevoked, type RevocationCheck } from './revocations/revoked.ts';
import { readJson, takeApart, type Fault } from './token-format.ts';

/** For how long a token passes after its `exp`, in seconds; jose knows one tolerance, which is longer. */
const expiryTolerance = clockToleranceMs / 1000;

/** How far in the future its `iat` and `nbf` may be, in seconds. */
const leeway = leewayMs / 1000;

const claimsOfKind = { service: serviceClaims, user: userClaims } as const;

/** What a token of a kind says. */
export type ClaimsOf<Kind extends TokenKind> = Kind extends 'service' ? ServiceClaims : UserClaims;

/** What a good token says, and which key signed it. */
export type VerifiedToken<Kind extends TokenKind> = Readonly<{ claims: ClaimsOf<Kind>; kid: string }>;

/** What a token is verified by. */
export type VerifyOptions = Readonly<{
  keys: KeySet;
  /** Its issuer, its audience and its type. @default those of this mesh */
  rules?: TokenRules | undefined;
}>;

/**
 * Verifies a token (RFC 8725). First its form, which is stricter than a JWT's: what could not have been signed by a
 * known key never reaches jose. Then jose: signature, issuer, audience, time. Then the shape of its claims.
 *
 * @throws MeshError UNAUTHORIZED, saying which of these does not hold, never the token.
 */
export async function verifyToken<Kind extends TokenKind>(
  kind: Kind,
  token: string,
  { keys, rules = defaultTokenRules }: VerifyOptions,
): Promise<VerifiedToken<Kind>> {
  const parts = takeApart(token);
  if (typeof parts === 'string') throw refusal(kind, parts);
  const { typ, kid } = parts;
  const { issuer, [kind]: expected } = rules;
  if (typ !== expected.type) throw refusal(kind, 'its typ is wrong');
  const key = await keys.find(kid);
  if (!key) throw refusal(kind, 'its key is unknown');
  let untimely: Fault | undefined;
  try {
    await jwtVerify(token, key, {
      algorithms: [algorithm],
      issuer,
      audience: expected.audience,
      clockTolerance: leeway,
    });
  } catch (error) {
    // The shape of its times may be what is wrong.
    untimely = timeFaultOf(error);
    if (!untimely) throw refusal(kind, faultOf(error));
  }
  const claims = readClaims(kind, parts.payload);
  if (typeof claims === 'string') throw refusal(kind, claims);
  if (untimely) throw refusal(kind, untimely);
  return { claims, kid };
}

const malformed: Fault = 'it is malformed';
const expired: Fault = 'it has expired';
const notYet: Fault = 'it is not yet valid';

/** What jose says of its time, which it looks at last. */
function timeFaultOf(error: unknown): Fault | undefined {
  if (error instanceof errors.JWTExpired) return expired;
  const early =
    error instanceof errors.JWTClaimValidationFailed &&
    error.claim === 'nbf' &&
    error.reason === 'check_failed';
  return early ? notYet : undefined;
}

/** What jose says is wrong besides. @throws What is not one of its verdicts. */
function faultOf(error: unknown): Fault {
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWTClaimValidationFailed) return `its ${error.claim} is wrong`;
  if (error instanceof errors.JOSEError) return malformed;
  throw error;
}

/** Checks what an authentic token says. */
function readClaims<Kind extends TokenKind>(kind: Kind, payload: string): ClaimsOf<Kind> | Fault {
  const content = readJson(payload);
  if (!content) return malformed;
  const parsed = claimsOfKind[kind].safeParse(content);
  if (!parsed.success) {
    const claim = parsed.error.issues[0]?.path[0];
    return isRegistered(claim) ? `its ${claim} is wrong` : 'its claims are invalid';
  }
  const { exp, iat, nbf = iat } = parsed.data;
  const now = Date.now() / 1000;
  if (exp <= now - expiryTolerance) return expired;
  // One issued further in the future was signed with a wrong clock, or for later use.
  if (Math.max(iat, nbf) > now + leeway) return notYet;
  return parsed.data as ClaimsOf<Kind>;
}

/**
 * Checks what may have changed since a token was signed: whether it is revoked; and its time again, by the latest time
 * that it may be. Under a wall clock that was set back, an expired token whose revocation is no longer held looks valid.
 *
 * @throws MeshError UNAUTHORIZED
 */
export function mustHold(
  identity: ServiceIdentity | UserIdentity,
  { revocations, clock }: { revocations: RevocationCheck | undefined; clock: SteadyClock },
): void {
  const kind = 'role' in identity ? 'user' : 'service';
  if (isRevoked(identity, revocations)) throw refusal(kind, 'it was revoked');
  if (identity.expiresAt <= clock.latest() - clockToleranceMs) throw refusal(kind, expired);
}

const refusals = remember((message) => new MeshError('UNAUTHORIZED', message));

/** One error for each message, made once: where it was thrown first says nothing, and its stack would cost more than all else. */
function refusal(kind: TokenKind, fault: Fault): MeshError {
  return refusals(`The ${kind} token is refused: ${fault}`);
}

/** Whether it is a claim of RFC 7519 §4.1, which every token has. */
function isRegistered(claim: PropertyKey | undefined): claim is string {
  return typeof claim === 'string' && ['aud', 'sub', 'jti', 'iat', 'exp', 'nbf'].includes(claim);
}
