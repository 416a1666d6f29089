import {
  callFields,
  databaseFields,
  json,
  readServiceConfig,
  secretFile,
  serverFields,
  serviceUrl,
  telemetryFields,
  tokenFields,
} from '@arcadium/mesh/config';
import { jwks } from '@arcadium/mesh/identity';

/** The settings of this service. */
export const settings = {
  ...serverFields,
  ...telemetryFields,
  ...databaseFields,
  ...callFields,
  ...tokenFields,
  INVENTORY_SERVICE_URL: serviceUrl('http://localhost:5001'),
  PUBLIC_KEYS: json(jwks),
  PUBLIC_KEYS_FILE: secretFile,
  AUTH_SERVICE_URL: serviceUrl('http://localhost:8000'),
};

export type Config = ReturnType<typeof loadConfig>;

/** @throws ConfigError with everything that is wrong with the settings. */
export function loadConfig() {
  return readServiceConfig(settings, import.meta.dirname);
}
