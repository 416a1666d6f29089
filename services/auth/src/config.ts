import {
  callFields,
  databaseFields,
  json,
  readServiceConfig,
  secret,
  serverFields,
  serviceUrl,
} from '@arcadium/mesh/config';
import { jwks, privateJwk } from '@arcadium/mesh/identity';
import { z } from 'zod';

/** What this service may be told by its environment. */
export const settings = {
  ...serverFields,
  ...databaseFields,
  ...callFields,
  AUTH_SERVICE_URL: serviceUrl('http://localhost:8000'),
  NOTIFICATION_SERVICE_URL: serviceUrl('http://localhost:8006'),
  SERVICE_TOKEN: secret,
  /** A JWK set of Ed25519 keys with their private parts; the first one signs. */
  SIGNING_KEYS: json(z.object({ keys: z.tuple([privateJwk], privateJwk) }).transform(({ keys }) => keys)),
  /** Further keys to publish, whose tokens stay good: those that signed before. */
  PUBLIC_KEYS: json(jwks).optional(),
  /** Seals what is stored: signing keys that were made by a rotation, secrets of second factors. 32 bytes, in base64url. */
  ENCRYPTION_KEY: z
    .base64url()
    .length(43)
    .transform((text) => Buffer.from(text, 'base64url')),
  /** With the password below: the administrator that is made when there is none. */
  ADMIN_EMAIL: z.email().toLowerCase().optional(),
  ADMIN_PASSWORD: z.string().min(15).max(128).optional(),
};

export type Config = ReturnType<typeof loadConfig>;

/** @throws ConfigError with everything that is wrong with it. */
export function loadConfig() {
  return readServiceConfig(settings, import.meta.dirname);
}
