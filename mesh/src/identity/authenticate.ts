import { SteadyClock } from '../clock/index.ts';
import { nobody, type Caller, type ServiceIdentity, type UserIdentity } from '../contract/index.ts';
import { MeshError, serviceTokenScheme, userTokenScheme } from '../wire/index.ts';
import { scopesOf, type TokenKind, type TokenRules } from './claims.ts';
import type { KeySet } from './keys/key-set.ts';
import type { RevocationCheck } from './revocations/revoked.ts';
import type { CertificateNames } from '../tls/core.ts';
import { longestToken } from './token-format.ts';
import { createMemory, type Proof } from './token-memory.ts';
import { verifyToken, type VerifyOptions } from './verify.ts';

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

/** The user's access token in valid credentials: the caller's own, or that of the user a service acts for. */
export function userTokenOf({ authorization = '', userToken }: Credentials): string | undefined {
  if (userToken !== undefined) return userToken;
  const [scheme, token] = splitScheme(authorization);
  return scheme === userTokenScheme.toLowerCase() ? token : undefined;
}

export interface AuthenticateOptions {
  /** Checked on each call. @default no token is revoked */
  revocations?: RevocationCheck | undefined;
  /** Decides when tokens have expired; after a jump of its wall clock, each is verified again. @default its own */
  clock?: SteadyClock;
  /** Issuer, audiences and types of tokens. @default those of this mesh */
  rules?: TokenRules;
}

/** A verified token: whose it is, and which key its signature is by. */
export type VerifiedIdentity =
  | (Proof<ServiceIdentity> & Readonly<{ kind: 'service' }>)
  | (Proof<UserIdentity> & Readonly<{ kind: 'user' }>);

/** Verifies the tokens of an issuer. */
export interface TokenVerifier {
  /** What `Bearer` may carry: a user's token only, or either kind, which the claims then tell. */
  readonly bearer: 'user' | 'either';
  /** Whether a key is trusted now; asked on each call. @param kid From a proof. */
  has(kid: string): boolean;
  /**
   * Verifies a token.
   *
   * @param expected The kind that its place in the request is for.
   * @throws MeshError UNAUTHORIZED if it is not valid, or of the other kind.
   */
  verify(token: string, expected: TokenKind | 'either'): Promise<VerifiedIdentity>;
}

/** Makes the check of credentials of this mesh's own tokens. */
export function createAuthenticate(
  keys: KeySet,
  { rules, ...options }: AuthenticateOptions = {},
): Authenticate {
  const by: VerifyOptions = { keys, rules };
  return authenticateBy(
    {
      bearer: 'user',
      has: (kid) => keys.has(kid),
      verify: (token, expected) =>
        expected === 'service' ? verifyService(token, by) : verifyUser(token, by),
    },
    options,
  );
}

/**
 * Makes the check of credentials. A token is verified once, and then found by
 * its text until it expires, is revoked or its key is withdrawn. Only valid
 * tokens are remembered, so that invalid ones cannot evict them, and each kind
 * separately, so that users cannot evict services.
 */
export function authenticateBy(
  verifier: TokenVerifier,
  { revocations, clock = new SteadyClock() }: Omit<AuthenticateOptions, 'rules'> = {},
): Authenticate {
  // By the whole header: to extract the token would cost more than the lookup.
  const services = createMemory<ServiceIdentity>(verifier, { revocations, clock });
  const users = createMemory<UserIdentity>(verifier, { revocations, clock });
  const actedFor = createMemory<UserIdentity>(verifier, { revocations, clock });

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

async function verifyService(token: string, by: VerifyOptions): Promise<VerifiedIdentity> {
  const { claims, kid } = await verifyToken('service', token, by);
  const { service_id: id, service_name: name, jti: tokenId, exp, tenant } = claims;
  const scopes = scopesOf(claims);
  const identity = { id, name, tokenId, keyId: kid, scopes, tenant, expiresAt: exp * 1000 };
  return { kind: 'service', identity, kid };
}

async function verifyUser(token: string, by: VerifyOptions): Promise<VerifiedIdentity> {
  const { claims, kid } = await verifyToken('user', token, by);
  const { sub: id, name, role, role_since: since, jti: tokenId, sid: sessionId, exp, tenant } = claims;
  const roleSince = since === undefined ? undefined : Math.round(since * 1000);
  const scopes = scopesOf(claims);
  const named = { id, name, role, roleSince, scopes, tenant };
  return {
    kind: 'user',
    identity: { ...named, tokenId, sessionId, keyId: kid, expiresAt: exp * 1000 },
    kid,
  };
}
