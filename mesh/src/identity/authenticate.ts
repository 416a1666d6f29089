import { LRUCache } from 'lru-cache';
import { nobody, type Caller, type ServiceIdentity, type UserIdentity } from '../contract/index.ts';
import { MeshError, serviceTokenScheme, userTokenScheme } from '../wire/index.ts';
import type { KeySet } from './key-set.ts';
import { verifyToken, type ClaimsOf, type TokenKind } from './verify.ts';

/** What a request presents, as it stands in its headers. */
export type Credentials = Readonly<{ authorization: string | undefined; userToken: string | undefined }>;

/**
 * Says who presents these credentials; nobody, if there are none.
 *
 * @throws MeshError UNAUTHORIZED when any of them is no good.
 */
export type Authenticate = (credentials: Credentials) => Promise<Caller>;

/** How many verified tokens are remembered of each kind. */
const remembered = 10_000;

/**
 * Makes the check of credentials. A token is verified once and then found by
 * its text until it expires or its key is withdrawn. Only good tokens are remembered, so whoever sends
 * bad ones cannot push them out.
 *
 * @param keys The public keys to verify with.
 */
export function createAuthenticate(keys: KeySet): Authenticate {
  const services = remember('service', keys, ({ service_id, service_name, jti, exp }): ServiceIdentity => ({
    id: service_id,
    name: service_name,
    tokenId: jti,
    expiresAt: exp * 1000,
  }));
  const users = remember('user', keys, ({ sub, name, role, jti, exp }): UserIdentity => ({
    id: sub,
    name,
    role,
    tokenId: jti,
    expiresAt: exp * 1000,
  }));

  return async ({ authorization, userToken }) => {
    const [scheme, token] = splitScheme(authorization);
    if (scheme === serviceTokenScheme.toLowerCase()) {
      const service = await services(token);
      return { service, user: userToken === undefined ? undefined : await users(userToken) };
    }
    if (userToken !== undefined) {
      throw new MeshError(
        'UNAUTHORIZED',
        'Only a service may act for a user; x-user-token came without a service token',
      );
    }
    if (scheme === undefined) return nobody;
    if (scheme !== userTokenScheme.toLowerCase()) {
      throw new MeshError('UNAUTHORIZED', 'The authorization scheme is neither Service-Token nor Bearer');
    }
    return { service: undefined, user: await users(token) };
  };
}

/** The scheme is case-insensitive (RFC 9110 §11.1). */
function splitScheme(authorization: string | undefined): [scheme: string | undefined, token: string] {
  if (authorization === undefined) return [undefined, ''];
  const space = authorization.indexOf(' ');
  if (space === -1) return [authorization.toLowerCase(), ''];
  return [authorization.slice(0, space).toLowerCase(), authorization.slice(space + 1).trim()];
}

function remember<Kind extends TokenKind, Identity extends { expiresAt: number }>(
  kind: Kind,
  keys: KeySet,
  identify: (claims: ClaimsOf<Kind>) => Identity,
): (token: string) => Promise<Identity> {
  const known = new LRUCache<string, { identity: Identity; kid: string }>({
    max: remembered,
  });
  return async (token) => {
    const found = known.get(token);
    if (found) {
      if (Date.now() < found.identity.expiresAt && keys.has(found.kid)) return found.identity;
      known.delete(token);
    }
    const { claims, kid } = await verifyToken(kind, token, keys);
    const identity = identify(claims);
    known.set(token, { identity, kid });
    return identity;
  };
}
