import { z } from 'zod';

/** A kind of token. Each has an audience and a type of its own, so that neither passes for the other (RFC 8725 §3.11). */
export type TokenKind = 'service' | 'user';

/** What tokens of a mesh say of themselves: who issues them, and for each kind its audience and its type. */
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

/** The rules of this mesh; the type of a user's access token is that of RFC 9068. */
export const defaultTokenRules: TokenRules = {
  issuer: 'arcadium-auth',
  service: { audience: 'arcadium-services', type: 'service+jwt' },
  user: { audience: 'arcadium-users', type: 'at+jwt' },
};

/** The only algorithm that is signed with or accepted (RFC 8725 §3.1). */
export const algorithm = 'EdDSA';

/** How long a service's token is good: 90 days, in seconds. */
export const serviceTokenLifetime = 90 * 24 * 3600;

/** How long a user's access token is good: 15 minutes, in seconds. */
export const userTokenLifetime = 15 * 60;

/**
 * How far ahead the clock of the machine that issued a token may be, in milliseconds: what `iat` and `nbf` allow
 * (RFC 7519 §4.1.5: a small leeway, of no more than a few minutes). What revokes a token lasts so much longer.
 */
export const leewayMs = 60_000;

/** The end of the year 9999, beyond which `Date` has no text for it, in seconds since 1970. */
const latestTime = 253_402_300_799;

/** In seconds since 1970. */
const time = z.int().min(0).max(latestTime);

const registered = {
  iss: z.string(),
  aud: z.string(),
  sub: z.string().min(1),
  jti: z.string().min(1),
  iat: time,
  exp: time,
  nbf: time.optional(),
};

/** What a service's token says; `iss` and `aud` are checked beside it, by the rules in force. */
export const serviceClaims = z.object({
  ...registered,
  type: z.literal('service'),
  service_id: z.string().min(1),
  service_name: z.string().min(1),
});
export type ServiceClaims = z.output<typeof serviceClaims>;

/** What a user's access token says. */
export const userClaims = z.object({
  ...registered,
  type: z.literal('user'),
  name: z.string(),
  role: z.enum(['user', 'admin']),
  /** Since when the user has the role, in seconds since 1970, of which RFC 7519 §2 allows parts; not said by older tokens. */
  role_since: z.number().min(0).max(latestTime).optional(),
  /** The session that it belongs to: when that ends, so does the token. */
  sid: z.string().min(1).optional(),
});
export type UserClaims = z.output<typeof userClaims>;
