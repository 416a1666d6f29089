import {
  authenticateBy,
  type Authenticate,
  type CheckOptions,
  type VerifiedIdentity,
} from './authenticate.ts';
import { scopesOf, type TokenRules } from './claims.ts';
import type { KeySet } from './keys/key-set.ts';
import { verifyToken, type VerifyOptions } from './verify.ts';

export interface AuthenticateOptions extends CheckOptions {
  /** Issuer, audiences and types of tokens. @default those of this mesh */
  rules?: TokenRules;
}

/**
 * Makes the check of credentials of this mesh's own tokens.
 *
 * @example
 * const authenticate = createAuthenticate(keys);
 * const { service, user } = await authenticate({ authorization: `Bearer ${token}`, userToken: undefined });
 */
export function createAuthenticate(
  keys: KeySet,
  { rules, ...options }: AuthenticateOptions = {},
): Authenticate {
  const by: VerifyOptions = { keys, rules };
  return authenticateBy(
    {
      bearer: 'user',
      trusted: keys.trusted,
      verify: (token, expected) =>
        expected === 'service' ? verifyService(token, by) : verifyUser(token, by),
    },
    options,
  );
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
