import { createHmac, randomUUID, sign, type KeyObject } from 'node:crypto';

/** What a token says, header and claims; undefined leaves one out. */
export interface TokenText {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Writes a token with any content, signed by any Ed25519 key: no library refuses what it is told to sign. */
export function signedToken(text: TokenText, key: KeyObject): string {
  const unsigned = unsignedToken(text);
  return `${unsigned}.${sign(null, Buffer.from(unsigned), key).toString('base64url')}`;
}

/** The same by HS256, with whatever stands for a secret (RFC 8725 §2.1: a public key must not). */
export function hmacToken(text: TokenText, secret: string | Buffer): string {
  const unsigned = unsignedToken(text);
  return `${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`;
}

/** Header and claims alone, as they are signed. */
export function unsignedToken({ header, claims }: TokenText): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}

/** The claims of a good token, to start a bad one from. */
export function goodText(
  kind: 'service' | 'user',
  { kid, subject }: { kid: string; subject: string },
): TokenText {
  const now = Math.floor(Date.now() / 1000);
  const [typ, aud] = kind === 'service' ? ['service+jwt', 'arcadium-services'] : ['at+jwt', 'arcadium-users'];
  const own =
    kind === 'service' ? { service_id: subject, service_name: 'wiki' } : { name: 'Ann', role: 'user' };
  return {
    header: { alg: 'EdDSA', typ, kid },
    claims: {
      iss: 'arcadium-auth',
      aud,
      sub: subject,
      jti: randomUUID(),
      iat: now,
      nbf: now,
      exp: now + 600,
      type: kind,
      ...own,
    },
  };
}
