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

/** The settings of this service. */
export const settings = {
  ...serverFields,
  ...telemetryFields,
  ...databaseFields,
  ...callFields,
  ...outboxFields,
  WIKI_SERVICE_URL: serviceUrl('http://localhost:5000'),
  PUBLIC_KEYS: json(jwks),
  PUBLIC_KEYS_FILE: secretFile,
  ...tokenFields,
  AUTH_SERVICE_URL: serviceUrl('http://localhost:8000'),
  NOTIFICATION_SERVICE_URL: serviceUrl('http://localhost:8006'),
};

export type Config = ReturnType<typeof loadConfig>;

/** @throws ConfigError with all invalid settings. */
export function loadConfig() {
  return readServiceConfig(settings, import.meta.dirname);
}
