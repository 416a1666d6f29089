import { databaseFields, json, readConfig, readEnvironment, serverFields } from '@arcadium/mesh/config';
import { jwks, privateJwk } from '@arcadium/mesh/identity';
import { z } from 'zod';

/** Everything that this service is told by its environment. */
export type Config = ReturnType<typeof loadConfig>;

/**
 * Reads the configuration of this process, `.env` of the repository and of
 * this folder included.
 *
 * @throws ConfigError with everything that is wrong with it.
 */
export function loadConfig() {
  const here = import.meta.dirname;
  const environment = readEnvironment([`${here}/../../..`, `${here}/..`]);
  return readConfig(
    {
      ...serverFields(8000, environment['AUTH_SERVICE_URL']),
      ...databaseFields,
      /** A JWK set of Ed25519 keys with their private parts; the first one signs. */
      SIGNING_KEYS: json(z.object({ keys: z.tuple([privateJwk], privateJwk) }).transform(({ keys }) => keys)),
      /** Further keys to publish, whose tokens stay good: those that signed before. */
      PUBLIC_KEYS: json(jwks).optional(),
      /** With the password below: the administrator that is made when there is none. */
      ADMIN_EMAIL: z.email().toLowerCase().optional(),
      ADMIN_PASSWORD: z.string().min(15).max(128).optional(),
    },
    environment,
  );
}
