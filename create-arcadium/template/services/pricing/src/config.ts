import { callFields, readServiceConfig, serverFields, serviceUrl, tokenFields } from '@arcadium/mesh/config';
import { identityFields } from '../../../identity.ts';

/** The settings of this service. */
const settings = {
  ...serverFields,
  ...callFields,
  ...tokenFields,
  ...identityFields,
  PRICING_SERVICE_URL: serviceUrl('http://localhost:3002'),
  INVENTORY_SERVICE_URL: serviceUrl('http://localhost:3001'),
};

export type Config = ReturnType<typeof loadConfig>;

/** @throws ConfigError with everything that is wrong with the settings. */
export function loadConfig() {
  return readServiceConfig(settings, import.meta.dirname);
}
