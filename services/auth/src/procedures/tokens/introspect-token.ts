import { verifyToken, type KeySet, type ServiceClaims, type UserClaims } from '@arcadium/mesh/identity';
import { MeshError } from '@arcadium/mesh/contract';
import type { AuthDeps, AuthHandler } from '../deps.ts';

/** Whether a token is valid, and whose it is. The answer does not say why one is not (RFC 7662 §2.2). */
export function introspectToken({ keys, blacklist }: AuthDeps): AuthHandler<'tokens.introspect'> {
  return async ({ input: { token } }) => {
    const found = (await verified('service', token, keys)) ?? (await verified('user', token, keys));
    if (!found) return { active: false };
    const { claims, kid } = found;
    // The end of a session or key ends all of its tokens.
    const ids = claims.type === 'user' && claims.sid !== undefined ? [kid, claims.sid] : [kid];
    if (await blacklist.has(claims.jti, ...ids)) return { active: false };
    return {
      active: true,
      type: claims.type,
      subject: claims.sub,
      name: claims.type === 'service' ? claims.service_name : claims.name,
      tokenId: claims.jti,
      expiresAt: new Date(claims.exp * 1000).toISOString(),
    };
  };
}

async function verified(
  kind: 'service' | 'user',
  token: string,
  keys: KeySet,
): Promise<{ claims: ServiceClaims | UserClaims; kid: string } | undefined> {
  try {
    return await verifyToken(kind, token, { keys });
  } catch (error) {
    if (error instanceof MeshError) return undefined;
    throw error;
  }
}
