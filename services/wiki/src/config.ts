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
import { jwks } from '@arcadium/mesh/identity';

/** What this service may be told by its environment. */
export const settings = {
  ...serverFields,
  ...databaseFields,
  ...callFields,
  ...outboxFields,
  WIKI_SERVICE_URL: serviceUrl('http://localhost:5000'),
  PUBLIC_KEYS: json(jwks),
  ...tokenFields,
  AUTH_SERVICE_URL: serviceUrl('http://localhost:8000'),
  NOTIFICATION_SERVICE_URL: serviceUrl('http://localhost:8006'),
};

export type Config = ReturnType<typeof loadConfig>;

/** @throws ConfigError with everything that is wrong with it. */
export function loadConfig() {
  return readServiceConfig(settings, import.meta.dirname);
}
