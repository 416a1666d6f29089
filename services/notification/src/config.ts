import {
  databaseFields,
  json,
  readConfig,
  readEnvironment,
  serverFields,
  serviceUrl,
} from '@arcadium/mesh/config';
import { jwks } from '@arcadium/mesh/identity';
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
      ...serverFields(8006, environment['NOTIFICATION_SERVICE_URL']),
      ...databaseFields,
      PUBLIC_KEYS: json(jwks),
      AUTH_SERVICE_URL: serviceUrl('http://localhost:8000'),
      /** How long a notification is kept after it was read, in days. */
      NOTIFICATION_KEEP_READ_DAYS: z.coerce.number('must be a number').int().min(1).max(3650).default(90),
    },
    environment,
  );
}
