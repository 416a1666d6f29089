import { createHmac, randomUUID, sign, type KeyObject } from 'node:crypto';

/** The content of a token, header and claims; undefined members are left out. */
export interface TokenText {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A token with any content, signed by any Ed25519 key, without a library's checks. */
export function signedToken(text: TokenText, key: KeyObject): string {
  const unsigned = unsignedToken(text);
  return `${unsigned}.${sign(null, Buffer.from(unsigned), key).toString('base64url')}`;
}

/** The same with HS256 and any text as secret (RFC 8725 §2.1: it must not be a public key). */
export function hmacToken(text: TokenText, secret: string | Buffer): string {
  const unsigned = unsignedToken(text);
  return `${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`;
}

/** Header and claims without a signature. */
export function unsignedToken({ header, claims }: TokenText): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}

/** The content of a valid token, to start a bad one from. */
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
