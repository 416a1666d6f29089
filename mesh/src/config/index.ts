export { ConfigError } from './config-error.ts';
export { envFileName, readEnvironment, type Environment } from './environment.ts';
export {
  callFields,
  callSettings,
  databaseFields,
  databaseSettings,
  directUrl,
  endpoints,
  json,
  logSettings,
  migrationSettings,
  outboxFields,
  outboxSettings,
  portOf,
  secret,
  serverFields,
  serverSettings,
  serviceUrl,
  stateDirOf,
  tokenFields,
  tokenSettings,
  type Endpoints,
} from './fields.ts';
export { nearest } from './nearest.ts';
export { parseNetwork } from './network.ts';
export { telemetryFields, telemetrySettings } from './telemetry-fields.ts';
export { readConfig, readServiceConfig } from './read-config.ts';
