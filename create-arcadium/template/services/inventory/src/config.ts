import {
  callFields,
  databaseFields,
  readServiceConfig,
  serverFields,
  serviceUrl,
  tokenFields,
} from '@arcadium/mesh/config';
import { identityFields } from '../../../identity.ts';

/** The settings of this service. */
const settings = {
  ...serverFields,
  ...databaseFields,
  ...callFields,
  ...tokenFields,
  ...identityFields,
  INVENTORY_SERVICE_URL: serviceUrl('http://localhost:3001'),
  PRICING_SERVICE_URL: serviceUrl('http://localhost:3002'),
};

export type Config = ReturnType<typeof loadConfig>;

/** @throws ConfigError with everything that is wrong with the settings. */
export function loadConfig() {
  return readServiceConfig(settings, import.meta.dirname);
}
