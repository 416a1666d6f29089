import { serviceClaims } from '../claims.ts';
import { readJson, takeApart } from '../token-format.ts';

export const dayMs = 24 * 3_600_000;

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
 *
 * @example
 * const { service, expiresAt } = readTokenFacts(token) ?? {};
 */
export function readTokenFacts(token: string): TokenFacts | undefined {
  const parts = takeApart(token);
  if (typeof parts === 'string') return undefined;
  const claims = serviceClaims.safeParse(readJson(parts.payload));
  if (!claims.success) return undefined;
  const { jti: tokenId, service_id: serviceId, service_name: service, iat, exp } = claims.data;
  return { token, tokenId, serviceId, service, issuedAt: iat * 1000, expiresAt: exp * 1000 };
}

/** How near a token is to its end: `low` in the last fifth of its life, `last-day` on its last day. */
export type TokenStage = 'good' | 'low' | 'last-day' | 'expired';

/**
 * @param now In milliseconds since 1970.
 *
 * @example
 * const facts = readTokenFacts(token);
 * if (facts && tokenStage(facts, Date.now()) !== 'good') console.log('renew it');
 */
export function tokenStage(
  { issuedAt, expiresAt }: Pick<TokenFacts, 'issuedAt' | 'expiresAt'>,
  now: number,
): TokenStage {
  const leftMs = expiresAt - now;
  const lowMs = (expiresAt - issuedAt) / 5;
  if (leftMs <= 0) return 'expired';
  if (leftMs <= Math.min(dayMs, lowMs / 2)) return 'last-day';
  return leftMs <= lowMs ? 'low' : 'good';
}
