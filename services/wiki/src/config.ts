import {
  callFields,
  databaseFields,
  json,
  readConfig,
  readEnvironment,
  secret,
  serverFields,
  serviceUrl,
} from '@arcadium/mesh/config';
import { jwks } from '@arcadium/mesh/identity';

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
      ...serverFields(5000, environment['WIKI_SERVICE_URL']),
      ...databaseFields,
      ...callFields,
      PUBLIC_KEYS: json(jwks),
      SERVICE_TOKEN: secret,
      AUTH_SERVICE_URL: serviceUrl('http://localhost:8000'),
      NOTIFICATION_SERVICE_URL: serviceUrl('http://localhost:8006'),
    },
    environment,
  );
}
