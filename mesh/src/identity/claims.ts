import { z } from 'zod';

/** Who issues every token of this mesh (`iss`). */
export const issuer = 'arcadium-auth';

/** Whom a service's token is for (`aud`); a user's token has another audience and is refused for it. */
export const serviceAudience = 'arcadium-services';

/** Whom a user's access token is for (`aud`). */
export const userAudience = 'arcadium-users';

/** `typ` in the header of a service's token: one kind of token can never pass for another (RFC 8725 §3.11). */
export const serviceTokenType = 'service+jwt';

/** `typ` in the header of a user's access token (RFC 9068). */
export const userTokenType = 'at+jwt';

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
  iss: z.literal(issuer),
  sub: z.string().min(1),
  jti: z.string().min(1),
  iat: time,
  exp: time,
  nbf: time.optional(),
};

/** What a service's token says. */
export const serviceClaims = z.object({
  ...registered,
  aud: z.literal(serviceAudience),
  type: z.literal('service'),
  service_id: z.string().min(1),
  service_name: z.string().min(1),
});
export type ServiceClaims = z.output<typeof serviceClaims>;

/** What a user's access token says. */
export const userClaims = z.object({
  ...registered,
  aud: z.literal(userAudience),
  type: z.literal('user'),
  name: z.string(),
  role: z.enum(['user', 'admin']),
  /** Since when the user has the role, in seconds since 1970, of which RFC 7519 §2 allows parts; not said by older tokens. */
  role_since: z.number().min(0).max(latestTime).optional(),
  /** The session that it belongs to: when that ends, so does the token. */
  sid: z.string().min(1).optional(),
});
export type UserClaims = z.output<typeof userClaims>;
