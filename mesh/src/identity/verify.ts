import { KeyObject, verify, type webcrypto } from 'node:crypto';
import { clockToleranceMs, type SteadyClock } from '../clock/index.ts';
import type { ServiceIdentity, UserIdentity } from '../contract/index.ts';
import { remember } from '../telemetry/index.ts';
import { MeshError } from '../wire/index.ts';
import {
  issuer,
  leewayMs,
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
import { readJson, takeApart, type Fault } from './token-format.ts';

/** For how long a token passes after its `exp`, in seconds. */
const expiryTolerance = clockToleranceMs / 1000;

/** How far in the future its `iat` and `nbf` may be, in seconds. */
const leeway = leewayMs / 1000;

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
 * Verifies a token: its form, its type, signature by a known key, issuer,
 * audience, time, and the shape of its claims (RFC 8725). Whatever is
 * presented, at most one signature is checked, and none for what could not
 * have been signed by a known key.
 *
 * Not with jose, which signs: one format, of one algorithm, is less to read
 * than the options that make a library refuse all others, and costs a quarter
 * less (`npm run bench -- --tokens`).
 *
 * @throws MeshError UNAUTHORIZED, saying which of these does not hold, never the token.
 */
export async function verifyToken<Kind extends TokenKind>(
  kind: Kind,
  token: string,
  keys: KeySet,
): Promise<VerifiedToken<Kind>> {
  const parts = takeApart(token);
  if (typeof parts === 'string') throw refusal(kind, parts);
  const { typ, kid, signed, payload, signature } = parts;
  if (typ !== kinds[kind].typ) throw refusal(kind, 'its typ is wrong');
  const key = await keys.find(kid);
  if (!key) throw refusal(kind, 'it names a key that is not known');
  if (!verify(null, Buffer.from(signed), keyObjectOf(key), Buffer.from(signature, 'base64url')))
    throw refusal(kind, 'its signature is wrong');
  const claims = readClaims(kind, payload);
  if (typeof claims === 'string') throw refusal(kind, claims);
  return { claims, kid };
}

const expired = 'it has expired';

/** Checks what an authentic token says. */
function readClaims<Kind extends TokenKind>(kind: Kind, payload: string): ClaimsOf<Kind> | Fault {
  const { audience, claims } = kinds[kind];
  const content = readJson(payload);
  if (!content) return 'it is no well-formed token';
  if (content['iss'] !== issuer) return 'its iss is wrong';
  if (content['aud'] !== audience) return 'its aud is wrong';
  const parsed = claims.safeParse(content);
  if (!parsed.success) {
    const claim = parsed.error.issues[0]?.path[0];
    return isRegistered(claim) ? `its ${claim} is wrong` : 'its claims are not those of such a token';
  }
  const { exp, iat, nbf = iat } = parsed.data;
  const now = Date.now() / 1000;
  if (exp <= now - expiryTolerance) return expired;
  // One issued further in the future was signed with a wrong clock, or for later use.
  if (Math.max(iat, nbf) > now + leeway) return 'it is not yet valid';
  return parsed.data as ClaimsOf<Kind>;
}

/**
 * The check of the time again, by a clock that was set back: then a token that has expired, and whose revocation was
 * forgotten for that, looks as if it were in its time.
 *
 * @throws MeshError UNAUTHORIZED
 */
export function mustLast(identity: ServiceIdentity | UserIdentity, clock: SteadyClock): void {
  if (identity.expiresAt > clock.latest() - clockToleranceMs) return;
  throw refusal('role' in identity ? 'user' : 'service', expired);
}

const refusals = remember((message) => new MeshError('UNAUTHORIZED', message));

/** One error for each message, made once: where it was thrown first says nothing, and its stack would cost more than all else. */
function refusal(kind: TokenKind, fault: Fault): MeshError {
  return refusals(`The ${kind} token is refused: ${fault}`);
}

/** Whether it is a claim of RFC 7519 §4.1, which every token has. */
function isRegistered(claim: PropertyKey | undefined): claim is string {
  return typeof claim === 'string' && ['sub', 'jti', 'iat', 'exp', 'nbf'].includes(claim);
}

const keyObjects = new WeakMap<webcrypto.CryptoKey, KeyObject>();

/** The same key, as `node:crypto` takes it. */
function keyObjectOf(key: webcrypto.CryptoKey): KeyObject {
  let found = keyObjects.get(key);
  if (!found) {
    found = KeyObject.from(key);
    keyObjects.set(key, found);
  }
  return found;
}
