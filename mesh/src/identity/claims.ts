import { z } from 'zod';

/** A kind of token. Each has its own audience and type, so that neither is accepted as the other (RFC 8725 §3.11). */
export type TokenKind = 'service' | 'user';

/** The issuer of a mesh's tokens, and the audience and type of each kind. */
export type TokenRules = Readonly<{ issuer: string }> &
  Readonly<
    Record<
      TokenKind,
      Readonly<{
        /** `aud` */
        audience: string;
        /** `typ` in the header. */
        type: string;
      }>
    >
  >;

/**
 * The rules of this mesh. The type of a user's access token is that of RFC 9068.
 *
 * @example
 * const authenticate = createAuthenticate(keys, { rules: { ...defaultTokenRules, issuer: 'my-auth' } });
 */
export const defaultTokenRules: TokenRules = {
  issuer: 'arcadium-auth',
  service: { audience: 'arcadium-services', type: 'service+jwt' },
  user: { audience: 'arcadium-users', type: 'at+jwt' },
};

/** The only algorithm used and accepted (RFC 8725 §3.1). */
export const algorithm = 'EdDSA';

/**
 * How far in the future `iat` and `nbf` may be, in milliseconds, because the issuer's clock may be ahead (RFC 7519
 * §4.1.5: "some small leeway, usually no more than a few minutes"). Revocations are kept longer accordingly.
 *
 * @example
 * const keptUntil = Date.now() + leewayMs;
 */
export const leewayMs = 60_000;

/** The end of the year 9999, in seconds since 1970: ISO 8601 has four digits for a year. */
const latestTime = Date.UTC(10_000, 0) / 1000 - 1;

/** In seconds since 1970. */
const time = z.int().min(0).max(latestTime);

/** The times of a token of any issuer (RFC 7519 §4.1): they may have fractions, and only `exp` is required. */
const anyTime = z.number().min(0).max(latestTime);
export const times = z.object({ exp: anyTime, iat: anyTime.optional(), nbf: anyTime.optional() });

const registered = {
  iss: z.string(),
  aud: z.string(),
  sub: z.string().min(1),
  jti: z.string().min(1),
  iat: time,
  exp: time,
  nbf: time.optional(),
  /** What the token allows, separated by spaces (RFC 8693 §4.2). */
  scope: z.string().optional(),
  /** The tenant that the token is of. */
  tenant: z.string().min(1).optional(),
};

/** Claims of a service token. The values of `iss` and `aud` are checked by the rules. */
export const serviceClaims = z.object({
  ...registered,
  type: z.literal('service'),
  service_id: z.string().min(1),
  service_name: z.string().min(1),
});
export type ServiceClaims = z.output<typeof serviceClaims>;

/** Claims of a user's access token. */
export const userClaims = z.object({
  ...registered,
  type: z.literal('user'),
  name: z.string(),
  role: z.enum(['user', 'admin']),
  /** When the user got the role, in seconds since 1970, with fractions (RFC 7519 §2); missing in older tokens. */
  role_since: z.number().min(0).max(latestTime).optional(),
  /** The session; when it ends, the token is revoked. */
  sid: z.string().min(1).optional(),
});
export type UserClaims = z.output<typeof userClaims>;

/** The scopes in `scope` (RFC 6749 §3.3); `undefined` if the token says nothing of them. */
export function scopesOf({ scope }: { scope?: unknown }): readonly string[] | undefined {
  return typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : undefined;
}
