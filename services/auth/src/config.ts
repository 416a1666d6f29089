import {
  callFields,
  databaseFields,
  json,
  outboxFields,
  readServiceConfig,
  secretFile,
  serverFields,
  serviceUrl,
  telemetryFields,
  tokenFields,
} from '@arcadium/mesh/config';
import { jwks } from '@arcadium/mesh/identity';
import { privateJwk } from '@arcadium/mesh/issuer';
import { z } from 'zod';

const encryptionKey = z
  .base64url('must be 32 bytes in base64url, or several, separated by commas')
  .length(43, 'must be 32 bytes in base64url, or several, separated by commas')
  .transform((text) => Buffer.from(text, 'base64url'));

/** The settings of this service. */
export const settings = {
  ...serverFields,
  ...telemetryFields,
  ...databaseFields,
  ...tokenFields,
  ...callFields,
  ...outboxFields,
  AUTH_SERVICE_URL: serviceUrl('http://localhost:8000'),
  NOTIFICATION_SERVICE_URL: serviceUrl('http://localhost:8006'),
  /** A JWK set of Ed25519 keys with their private parts; the first one signs. */
  SIGNING_KEYS: json(z.object({ keys: z.tuple([privateJwk], privateJwk) }).transform(({ keys }) => keys)),
  SIGNING_KEYS_FILE: secretFile,
  /** More keys to publish, which signed earlier and whose tokens stay valid. */
  PUBLIC_KEYS: json(jwks).optional(),
  PUBLIC_KEYS_FILE: secretFile,
  /**
   * Encrypts stored secrets: signing keys created by rotation, and secrets of second factors. 32 bytes, in
   * base64url. Older keys may follow, separated by commas: they decrypt.
   */
  ENCRYPTION_KEY: z
    .string()
    .transform((text) => text.split(',').map((key) => key.trim()))
    .pipe(z.tuple([encryptionKey], encryptionKey)),
  ENCRYPTION_KEY_FILE: secretFile,
  /**
   * How long a key is published before it signs, in minutes. Every verifier fetches the keys more often than
   * that.
   */
  SIGNING_KEY_LEAD_MINUTES: z.coerce.number('must be a number').int().min(15).max(10_080).default(15),
  /** How long a key signs before the next one is created, in days; 0 for no automatic rotation. */
  SIGNING_KEY_DAYS: z.coerce.number('must be a number').int().min(0).max(3650).default(90),
  /**
   * Most live tokens of a service, neither expired nor revoked. All instances share one token, and rotation
   * leaves at most three live.
   */
  SERVICE_TOKENS_MAX: z.coerce.number('must be a number').int().min(10).max(1000).default(100),
  /** With the password below, the administrator to create if there is none. */
  ADMIN_EMAIL: z.email().toLowerCase().optional(),
  ADMIN_PASSWORD: z.string().min(1).max(128).optional(),
  /** Minimum length of a password in characters. NIST 800-63B-4 requires 15 without a second factor. */
  PASSWORD_MIN_LENGTH: z.coerce.number('must be a number').int().min(8).max(64).default(15),
};

export type Config = ReturnType<typeof loadConfig>;

/** @throws ConfigError with all invalid settings. */
export function loadConfig() {
  return readServiceConfig(settings, import.meta.dirname);
}
