import { serviceClaims } from '../claims.ts';
import { readJson, takeApart } from '../token-format.ts';

/** The claims of a service token; times in milliseconds since 1970. */
export type TokenFacts = Readonly<{
  token: string;
  tokenId: string;
  serviceId: string;
  service: string;
  issuedAt: number;
  expiresAt: number;
}>;

/**
 * Reads a service token without verifying it: only for the service that owns it.
 *
 * @returns `undefined` if it is not a service token.
 */
export function readTokenFacts(token: string): TokenFacts | undefined {
  const parts = takeApart(token);
  if (typeof parts === 'string') return undefined;
  const claims = serviceClaims.safeParse(readJson(parts.payload));
  if (!claims.success) return undefined;
  const { jti: tokenId, service_id: serviceId, service_name: service, iat, exp } = claims.data;
  return { token, tokenId, serviceId, service, issuedAt: iat * 1000, expiresAt: exp * 1000 };
}
