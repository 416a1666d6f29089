import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import {
  algorithm,
  issuer,
  serviceAudience,
  serviceTokenLifetime,
  serviceTokenType,
  userAudience,
  userTokenLifetime,
  userTokenType,
} from './claims.ts';
import type { SigningKey } from './signing-key.ts';

/** A signed token, and what its owner should know of it. */
export type IssuedToken = Readonly<{ token: string; tokenId: string; expiresAt: Date }>;

/**
 * Issues the token of a service: one for the service, not for each instance.
 *
 * @param service Its name, and its id, which stays the same from token to token.
 */
export function issueServiceToken(
  key: SigningKey,
  service: { id: string; name: string },
  now: Date = new Date(),
): Promise<IssuedToken> {
  return sign(key, now, {
    type: serviceTokenType,
    audience: serviceAudience,
    subject: service.id,
    lifetime: serviceTokenLifetime,
    claims: { type: 'service', service_id: service.id, service_name: service.name },
  });
}

/**
 * Issues the access token of a user who logged in.
 *
 * @param user.notAfter When it expires at the latest, whatever the lifetime of such tokens: the end of its session.
 */
export function issueUserToken(
  key: SigningKey,
  user: {
    id: string;
    name: string;
    role: 'user' | 'admin';
    sessionId?: string | undefined;
    notAfter?: Date | undefined;
  },
  now: Date = new Date(),
): Promise<IssuedToken> {
  return sign(key, now, {
    type: userTokenType,
    audience: userAudience,
    subject: user.id,
    lifetime: userTokenLifetime,
    notAfter: user.notAfter,
    claims: {
      type: 'user',
      name: user.name,
      role: user.role,
      ...(user.sessionId !== undefined && { sid: user.sessionId }),
    },
  });
}

interface TokenContent {
  type: string;
  audience: string;
  subject: string;
  /** In seconds. */
  lifetime: number;
  notAfter?: Date | undefined;
  claims: Record<string, string>;
}

async function sign(key: SigningKey, now: Date, content: TokenContent): Promise<IssuedToken> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const latest = content.notAfter ? Math.floor(content.notAfter.getTime() / 1000) : Infinity;
  const expiresAt = Math.min(issuedAt + content.lifetime, latest);
  const tokenId = randomUUID();
  const token = await new SignJWT(content.claims)
    .setProtectedHeader({ alg: algorithm, typ: content.type, kid: key.kid })
    .setIssuer(issuer)
    .setAudience(content.audience)
    .setSubject(content.subject)
    .setJti(tokenId)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(key.key);
  return { token, tokenId, expiresAt: new Date(expiresAt * 1000) };
}
