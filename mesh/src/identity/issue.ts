import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { algorithm, serviceTokenLifetime, userTokenLifetime, type TokenKind } from './claims.ts';
import type { SigningKey } from './keys/signing-key.ts';

/** A signed token, its `jti` and its end. */
export type IssuedToken = Readonly<{ token: string; tokenId: string; expiresAt: Date }>;

/** What distinguishes two tokens of the same owner. */
export type TokenStamp = Readonly<{ tokenId: string; issuedAt: Date; expiresAt: Date }>;

/** Makes the stamp of a new service token, in whole seconds as in a JWT. */
export function stampServiceToken(now: Date = new Date()): TokenStamp {
  return stamp(now, serviceTokenLifetime);
}

/**
 * Issues the token of a service, which all its instances share.
 *
 * Ed25519 is deterministic (RFC 8032 §5.1.6): the same key, service and stamp give the same token.
 *
 * @param service Its name, and its id, which is the same in all its tokens.
 * @param at Time of issue, or the stamp of a token to sign again. @default now
 */
export function issueServiceToken(
  key: SigningKey,
  service: { id: string; name: string },
  at: Date | TokenStamp = new Date(),
): Promise<IssuedToken> {
  return sign(key, at instanceof Date ? stampServiceToken(at) : at, {
    kind: 'service',
    subject: service.id,
    claims: { service_id: service.id, service_name: service.name },
  });
}

/**
 * Issues the access token of a user.
 *
 * @param user.roleSince When the user got the role.
 * @param user.notAfter Latest end of the token: the end of its session.
 */
export function issueUserToken(
  key: SigningKey,
  user: {
    id: string;
    name: string;
    role: 'user' | 'admin';
    roleSince?: Date | undefined;
    sessionId?: string | undefined;
    notAfter?: Date | undefined;
  },
  now: Date = new Date(),
): Promise<IssuedToken> {
  return sign(key, stamp(now, userTokenLifetime, user.notAfter), {
    kind: 'user',
    subject: user.id,
    claims: {
      name: user.name,
      role: user.role,
      ...(user.roleSince && { role_since: user.roleSince.getTime() / 1000 }),
      ...(user.sessionId !== undefined && { sid: user.sessionId }),
    },
  });
}

interface TokenContent {
  kind: TokenKind;
  subject: string;
  claims: Record<string, string | number>;
}

/** @param lifetime In seconds. */
function stamp(now: Date, lifetime: number, notAfter?: Date): TokenStamp {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const latest = notAfter ? Math.floor(notAfter.getTime() / 1000) : Infinity;
  return {
    tokenId: randomUUID(),
    issuedAt: new Date(issuedAt * 1000),
    expiresAt: new Date(Math.min(issuedAt + lifetime, latest) * 1000),
  };
}

async function sign(key: SigningKey, at: TokenStamp, content: TokenContent): Promise<IssuedToken> {
  const { tokenId, issuedAt, expiresAt } = at;
  const { issuer, [content.kind]: rules } = key.rules;
  const token = await new SignJWT({ type: content.kind, ...content.claims })
    .setProtectedHeader({ alg: algorithm, typ: rules.type, kid: key.kid })
    .setIssuer(issuer)
    .setAudience(rules.audience)
    .setSubject(content.subject)
    .setJti(tokenId)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(key.key);
  return { token, tokenId, expiresAt };
}
