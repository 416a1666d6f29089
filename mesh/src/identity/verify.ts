import { errors, jwtVerify } from 'jose';
import type { z } from 'zod';
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
  type times,
  type TokenRules,
  type UserClaims,
} from './claims.ts';
import type { KeySet } from './keys/key-set.ts';
import { isRevoked, type RevocationCheck } from './revocations/set.ts';
import { readJson, takeApart, type Fault } from './token-format.ts';

/** How long a token is accepted after its `exp`, in seconds. jose has only one tolerance, which is larger. */
const expiryTolerance = clockToleranceMs / 1000;

/** How far in the future `iat` and `nbf` may be, in seconds. */
const leeway = leewayMs / 1000;

const claimsOfKind = { service: serviceClaims, user: userClaims } as const;

/** The claims of a kind of token. */
export type ClaimsOf<Kind extends TokenKind> = Kind extends 'service' ? ServiceClaims : UserClaims;

/** The claims of a valid token, and the `kid` of its key. */
export type VerifiedToken<Kind extends TokenKind> = Readonly<{ claims: ClaimsOf<Kind>; kid: string }>;

export type VerifyOptions = Readonly<{
  keys: KeySet;
  /** Issuer, audiences and types. @default those of this mesh */
  rules?: TokenRules | undefined;
}>;

/**
 * Verifies a token (RFC 8725): first its form, which is stricter than a JWT's, then by jose its signature, issuer,
 * audience and time, then the shape of its claims.
 *
 * @throws MeshError UNAUTHORIZED with the reason, without the token.
 *
 * @example
 * const { claims } = await verifyToken('service', token, { keys });
 * console.log(claims.service_name);
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
    // Decided below: the cause may be the shape of its times.
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

/** The fault if jose rejected only the time, which it checks last. */
function timeFaultOf(error: unknown): Fault | undefined {
  if (error instanceof errors.JWTExpired) return expired;
  const early =
    error instanceof errors.JWTClaimValidationFailed &&
    error.claim === 'nbf' &&
    error.reason === 'check_failed';
  return early ? notYet : undefined;
}

/** The fault for which jose has rejected a token. @throws An error that is not a rejection. */
export function faultOfVerification(error: unknown): Fault {
  return timeFaultOf(error) ?? faultOf(error);
}

/** The fault of any other rejection by jose. @throws An error that is not a rejection. */
function faultOf(error: unknown): Fault {
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWTClaimValidationFailed) return `its ${error.claim} is wrong`;
  if (error instanceof errors.JOSEError) return malformed;
  throw error;
}

/** Checks the claims of an authentic token. */
function readClaims<Kind extends TokenKind>(kind: Kind, payload: string): ClaimsOf<Kind> | Fault {
  const content = readJson(payload);
  if (!content) return malformed;
  const parsed = claimsOfKind[kind].safeParse(content);
  if (!parsed.success) {
    const claim = parsed.error.issues[0]?.path[0];
    return isRegistered(claim) ? `its ${claim} is wrong` : 'its claims are invalid';
  }
  return faultOfTime(parsed.data) ?? (parsed.data as ClaimsOf<Kind>);
}

/** What is wrong with the times of a token now, if anything. */
export function faultOfTime({ exp, iat = 0, nbf = iat }: z.output<typeof times>): Fault | undefined {
  const now = Date.now() / 1000;
  if (exp <= now - expiryTolerance) return expired;
  return Math.max(iat, nbf) > now + leeway ? notYet : undefined;
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
  if (revocations && isRevoked(identity, revocations)) throw refusal(kind, 'it was revoked');
  if (identity.expiresAt <= clock.latest() - clockToleranceMs) throw refusal(kind, expired);
}

const refusals = remember((message) => new MeshError('UNAUTHORIZED', message));

/** The refusal of a token; `access` where either kind may be. One error per message, made once: its stack is not needed, and would cost more than the verification. */
export function refusal(kind: TokenKind | 'access', fault: Fault): MeshError {
  return refusals(`The ${kind} token is refused: ${fault}`);
}

/** Whether it is a registered claim (RFC 7519 §4.1). */
function isRegistered(claim: PropertyKey | undefined): claim is string {
  return typeof claim === 'string' && ['aud', 'sub', 'jti', 'iat', 'exp', 'nbf'].includes(claim);
}
