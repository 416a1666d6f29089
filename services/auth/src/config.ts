import {
  callFields,
  databaseFields,
  json,
  outboxFields,
  readServiceConfig,
  serverFields,
  serviceUrl,
  tokenFields,
} from '@arcadium/mesh/config';
import { jwks, privateJwk } from '@arcadium/mesh/identity';
import { z } from 'zod';

/** What this service may be told by its environment. */
export const settings = {
  ...serverFields,
  ...databaseFields,
  ...tokenFields,
  ...callFields,
  ...outboxFields,
  AUTH_SERVICE_URL: serviceUrl('http://localhost:8000'),
  NOTIFICATION_SERVICE_URL: serviceUrl('http://localhost:8006'),
  /** A JWK set of Ed25519 keys with their private parts; the first one signs. */
  SIGNING_KEYS: json(z.object({ keys: z.tuple([privateJwk], privateJwk) }).transform(({ keys }) => keys)),
  /** Further keys to publish, whose tokens stay good: those that signed before. */
  PUBLIC_KEYS: json(jwks).optional(),
  /** Seals what is stored: signing keys that were made by a rotation, secrets of second factors. 32 bytes, in base64url. */
  ENCRYPTION_KEY: z
    .base64url()
    .length(43)
    .transform((text) => Buffer.from(text, 'base64url')),
  /** For how long a key is published before it signs, in minutes: every verifier asks for the keys more often than that. */
  SIGNING_KEY_LEAD_MINUTES: z.coerce.number('must be a number').int().min(15).max(10_080).default(15),
  /** For how long a key signs before the next one is made, in days; 0 for as long as nobody asks for one. */
  SIGNING_KEY_DAYS: z.coerce.number('must be a number').int().min(0).max(3650).default(90),
  /**
   * How many live tokens a service may have: neither expired nor revoked. One instance that rotates its token has three
   * at most, and all instances share one token.
   */
  SERVICE_TOKENS_MAX: z.coerce.number('must be a number').int().min(10).max(1000).default(100),
  /** With the password below: the administrator that is made when there is none. */
  ADMIN_EMAIL: z.email().toLowerCase().optional(),
  ADMIN_PASSWORD: z.string().min(1).max(128).optional(),
  /** The shortest password that may be chosen, in characters: NIST 800-63B-4 asks for 15 where there is no second factor. */
  PASSWORD_MIN_LENGTH: z.coerce.number('must be a number').int().min(8).max(64).default(15),
};

export type Config = ReturnType<typeof loadConfig>;

/** @throws ConfigError with everything that is wrong with it. */
export function loadConfig() {
  return readServiceConfig(settings, import.meta.dirname);
}
