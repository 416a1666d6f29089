import type { authContract } from '@arcadium/contracts/auth';
import type { IssuedToken } from '@arcadium/mesh/issuer';
import type { HandlerOf } from '@arcadium/mesh/server';
import type { StoredServiceToken } from '../stores/service-token-store.ts';

type Issued = Awaited<ReturnType<HandlerOf<typeof authContract, 'serviceTokens.issue'>>>;
type Listed = Awaited<ReturnType<HandlerOf<typeof authContract, 'serviceTokens.list'>>>['items'][number];

/** The answer with a token. */
export function presentIssued(
  { token }: IssuedToken,
  { jti, service, ...dates }: StoredServiceToken,
): Issued {
  return {
    token,
    tokenId: jti,
    service: service.name,
    issuedAt: dates.issuedAt.toISOString(),
    expiresAt: dates.expiresAt.toISOString(),
  };
}

/** A token as listed. */
export function presentServiceToken(row: StoredServiceToken): Listed {
  return {
    tokenId: row.jti,
    service: row.service.name,
    serviceId: row.serviceId,
    kid: row.kid,
    // A database constraint ensures this.
    origin: row.origin as Listed['origin'],
    replaces: row.replaces,
    issuedAt: row.issuedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    revokedAt: row.revokedAt?.toISOString() ?? null,
  };
}
