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
import { z } from 'zod';

/** The settings of this service. */
export const settings = {
  ...serverFields,
  ...telemetryFields,
  ...databaseFields,
  ...callFields,
  ...tokenFields,
  NOTIFICATION_SERVICE_URL: serviceUrl('http://localhost:8006'),
  PUBLIC_KEYS: json(jwks),
  PUBLIC_KEYS_FILE: secretFile,
  AUTH_SERVICE_URL: serviceUrl('http://localhost:8000'),
  /** How long a read notification is kept, in days. */
  NOTIFICATION_KEEP_READ_DAYS: z.coerce.number('must be a number').int().min(1).max(3650).default(90),
};

export type Config = ReturnType<typeof loadConfig>;

/** @throws ConfigError with all invalid settings. */
export function loadConfig() {
  return readServiceConfig(settings, import.meta.dirname);
}
