import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { TokenKind } from '../identity/index.ts';
import { algorithm, type SigningKey } from './signing-key.ts';

/**
 * Lifetime of a service token, in seconds: 90 days.
 *
 * @example
 * const expiresAt = Date.now() + serviceTokenLifetime * 1000;
 */
export const serviceTokenLifetime = 90 * 24 * 3600;

/**
 * Lifetime of a user's access token, in seconds: 15 minutes.
 *
 * @example
 * const expiresAt = Date.now() + userTokenLifetime * 1000;
 */
export const userTokenLifetime = 15 * 60;

/** A signed token, its `jti` and its end. */
export type IssuedToken = Readonly<{ token: string; tokenId: string; expiresAt: Date }>;

/** What distinguishes two tokens of the same owner. */
export type TokenStamp = Readonly<{ tokenId: string; issuedAt: Date; expiresAt: Date }>;

type Allowed = Readonly<{
  /** What the token allows; access rules may ask for it. @default nothing is said of scopes */
  scopes?: readonly string[] | undefined;
  /** The tenant that the token is of. @default none */
  tenant?: string | undefined;
}>;

/**
 * Makes the stamp of a new service token, in whole seconds as in a JWT: with it, another process signs the same token.
 *
 * @example
 * const stamp = stampServiceToken();
 * const { token } = await issueServiceToken(signingKey, { id: 'till-id', name: 'till' }, stamp);
 */
export function stampServiceToken(now: Date = new Date()): TokenStamp {
  return stamp(now, serviceTokenLifetime);
}

/**
 * Issues the token of a service, which all its instances share.
 *
 * Ed25519 is deterministic (RFC 8032 §5.1.6): the same key, service and stamp give the same token.
 *
 * @example
 * const key = await importSigningKey(await generateSigningKey());
 * const { token } = await issueServiceToken(key, { id: 'till-1', name: 'till', scopes: ['stock:write'] });
 *
 * @param service Its name, its id, which is the same in all its tokens, and what the token allows.
 * @param at Time of issue, or the stamp of a token to sign again. @default now
 */
export function issueServiceToken(
  key: SigningKey,
  service: { id: string; name: string } & Allowed,
  at: Date | TokenStamp = new Date(),
): Promise<IssuedToken> {
  return sign(key, at instanceof Date ? stampServiceToken(at) : at, {
    kind: 'service',
    subject: service.id,
    claims: { service_id: service.id, service_name: service.name, ...allowed(service) },
  });
}

/**
 * Issues the access token of a user.
 *
 * @param user.roleSince When the user got the role.
 * @param user.notAfter Latest end of the token: the end of its session.
 *
 * @example
 * const user = { id: '7', name: 'Ann', role: 'user', scopes: ['orders:write'] } as const;
 * const { token } = await issueUserToken(signingKey, user);
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
  } & Allowed,
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
      ...allowed(user),
    },
  });
}

function allowed({ scopes, tenant }: Allowed): Record<string, string> {
  return { ...(scopes && { scope: scopes.join(' ') }), ...(tenant !== undefined && { tenant }) };
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
