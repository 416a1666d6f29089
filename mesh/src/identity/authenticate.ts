import { LRUCache } from 'lru-cache';
import { SteadyClock } from '../clock/index.ts';
import { nobody, type Caller, type ServiceIdentity, type UserIdentity } from '../contract/index.ts';
import { MeshError, serviceTokenScheme, userTokenScheme } from '../wire/index.ts';
import type { TokenKind } from './claims.ts';
import type { TrustedKeys } from './keys/key-set.ts';
import { isRevoked, type RevocationCheck } from './revocations/set.ts';
import type { CertificateNames } from '../tls/core.ts';
import { longestToken } from './token-format.ts';
import { mustHold } from './verify.ts';

/** The credentials in a request's headers. */
export type Credentials = Readonly<{
  authorization: string | undefined;
  userToken: string | undefined;
  /** The client certificate of the connection. @default none */
  certificate?: CertificateNames | undefined;
}>;

/**
 * Identifies the caller with these credentials; `nobody` if there are none.
 * Answers synchronously if they were verified before.
 *
 * @throws MeshError UNAUTHORIZED if one of them is not valid.
 */
export type Authenticate = (credentials: Credentials) => Caller | Promise<Caller>;

/**
 * The user's access token in valid credentials: the caller's own, or that of the user a service acts for.
 *
 * @example
 * const own = userTokenOf(credentials);
 */
export function userTokenOf({ authorization = '', userToken }: Credentials): string | undefined {
  if (userToken !== undefined) return userToken;
  const [scheme, token] = splitScheme(authorization);
  return scheme === userTokenScheme.toLowerCase() ? token : undefined;
}

export interface CheckOptions {
  /** Checked on each call. @default no token is revoked */
  revocations?: RevocationCheck | undefined;
  /** Decides when tokens have expired; after a jump of its wall clock, each is verified again. @default its own */
  clock?: SteadyClock;
}

/** The identity in a verified token, and the `kid` of its key. */
export type Proof<Identity> = Readonly<{ identity: Identity; kid: string }>;

/** A verified token: whose it is, and which key its signature is by. */
export type VerifiedIdentity =
  | (Proof<ServiceIdentity> & Readonly<{ kind: 'service' }>)
  | (Proof<UserIdentity> & Readonly<{ kind: 'user' }>);

/** Verifies the tokens of an issuer. */
export interface TokenVerifier {
  /** What `Bearer` may carry: a user's token only, or either kind, which the claims then tell. */
  readonly bearer: 'user' | 'either';
  /** The ids of the keys that are trusted now, as in proofs; asked on each call. */
  readonly trusted: TrustedKeys;
  /**
   * Verifies a token.
   *
   * @param expected The kind that its place in the request is for.
   * @throws MeshError UNAUTHORIZED if it is not valid, or of the other kind.
   */
  verify(token: string, expected: TokenKind | 'either'): Promise<VerifiedIdentity>;
}

/**
 * Makes the check of credentials. A token is verified once, and then found by
 * its text until it expires, is revoked or its key is withdrawn. Only valid
 * tokens are remembered, so that invalid ones cannot evict them, and each kind
 * separately, so that users cannot evict services.
 */
export function authenticateBy(
  verifier: TokenVerifier,
  { revocations, clock = new SteadyClock() }: CheckOptions = {},
): Authenticate {
  // By the whole header: to extract the token would cost more than the lookup.
  const services = createMemory<ServiceIdentity>(verifier.trusted, { revocations, clock });
  const users = createMemory<UserIdentity>(verifier.trusted, { revocations, clock });
  const actedFor = createMemory<UserIdentity>(verifier.trusted, { revocations, clock });

  /** The caller, if all credentials were verified before and are still valid. */
  const recall = ({ authorization, userToken }: Credentials): Caller | undefined => {
    if (authorization === undefined) return userToken === undefined ? nobody : undefined;
    const service = services.recall(authorization);
    if (userToken === undefined) {
      if (service) return { service, user: undefined };
      const user = users.recall(authorization);
      return user && { service: undefined, user };
    }
    const user = service && actedFor.recall(userToken);
    return user && { service, user };
  };

  const verifyUserOf = async (service: ServiceIdentity, userToken: string): Promise<Caller> => {
    const known = actedFor.recall(userToken);
    if (known) return { service, user: known };
    const verified = await verifier.verify(userToken, 'user');
    if (verified.kind !== 'user') throw onlyServices();
    return { service, user: actedFor.keep(userToken, verified) };
  };

  const verify = async ({ authorization = '', userToken }: Credentials): Promise<Caller> => {
    let service = services.recall(authorization);
    if (!service) {
      const [scheme, token] = splitScheme(authorization);
      const isBearer = scheme === userTokenScheme.toLowerCase();
      const expected = scheme === serviceTokenScheme.toLowerCase() ? 'service' : isBearer && verifier.bearer;
      if (userToken !== undefined && (!expected || expected === 'user')) throw onlyServices();
      if (!expected) {
        throw new MeshError('UNAUTHORIZED', 'The authorization scheme is neither Service-Token nor Bearer');
      }
      const verified = await verifier.verify(token, expected);
      if (verified.kind === 'user') {
        if (userToken !== undefined) throw onlyServices();
        return { service: undefined, user: users.keep(authorization, verified) };
      }
      service = services.keep(authorization, verified);
    }
    return userToken === undefined ? { service, user: undefined } : verifyUserOf(service, userToken);
  };

  return (credentials) => recall(credentials) ?? verify(credentials);
}

function onlyServices(): MeshError {
  return new MeshError(
    'UNAUTHORIZED',
    'Only a service may act for a user; x-user-token came without a service token',
  );
}

/**
 * Splits an authorization header. The scheme is case-insensitive, and spaces may follow it (RFC 9110 §11.1, §11.4) up
 * to the longest token. Nothing may follow the token: it is remembered by the end of the header, so one token with many
 * endings could evict all others.
 */
function splitScheme(authorization: string): [scheme: string, token: string] {
  const space = authorization.indexOf(' ');
  if (space === -1) return [authorization.toLowerCase(), ''];
  const rest = authorization.slice(space + 1);
  const token = rest.length > longestToken ? rest : rest.replace(/^ +/, '');
  return [authorization.slice(0, space).toLowerCase(), token];
}

/**
 * Most callers that are remembered by their credentials; beyond, the least recently used are forgotten. Tokens of 700
 * characters take about 10 MB.
 */
export const mostRemembered = 10_000;

/** Shortest interval at which expired tokens are forgotten, in milliseconds; checked when a token is added. */
const forgetEveryMs = 60_000;

/**
 * Makes the memory of verified tokens, by the text of their header.
 *
 * @param trusted The ids of the keys that are trusted now.
 */
export function createMemory<Identity extends ServiceIdentity | UserIdentity>(
  trusted: TrustedKeys,
  {
    revocations,
    clock = new SteadyClock(),
  }: { revocations?: RevocationCheck | undefined; clock?: SteadyClock } = {},
) {
  type Known = Proof<Identity> & Readonly<{ text: string }>;
  const known = new LRUCache<string, Known>({ max: mostRemembered });
  // Consecutive calls are often by one caller, with the same string object.
  let last: Known | undefined;
  let forgetAt = clock.monotonic() + forgetEveryMs;
  let { epoch } = clock;
  const forgetExpired = (): void => {
    if (clock.monotonic() < forgetAt) return;
    forgetAt = clock.monotonic() + forgetEveryMs;
    const now = clock.latest();
    for (const [key, { identity }] of known.entries()) if (identity.expiresAt <= now) known.delete(key);
  };
  /** After a jump of the clock, a remembered token may not be valid. */
  const forgetAfterJump = (): void => {
    if (clock.epoch === epoch) return;
    ({ epoch } = clock);
    last = undefined;
    known.clear();
  };
  return {
    get size(): number {
      return known.size;
    },
    recall(text: string): Identity | undefined {
      forgetAfterJump();
      const found = last?.text === text ? last : known.get(keyOf(text));
      if (found?.text !== text) return undefined;
      const inForce = clock.latest() < found.identity.expiresAt && trusted.has(found.kid);
      if (inForce && !(revocations && isRevoked(found.identity, revocations))) {
        last = found;
        return found.identity;
      }
      last = undefined;
      known.delete(keyOf(text));
      return undefined;
    },
    /** @throws MeshError UNAUTHORIZED if it is revoked, or has expired by the latest time that it may be. */
    keep(text: string, proof: Proof<Identity>): Identity {
      mustHold(proof.identity, { revocations, clock });
      forgetExpired();
      last = { ...proof, text };
      known.set(keyOf(text), last);
      return proof.identity;
    },
  };
}

/** Half of the signature, which is unique: hashing the whole text takes 1 µs. */
function keyOf(text: string): string {
  return text.slice(-43);
}
