export { ConfigError } from './config-error.ts';
export { databaseFields, databaseSettings, directUrl, migrationSettings } from './database-fields.ts';
export { envFileName, readEnvironment, type Environment } from './environment.ts';
export {
  callFields,
  callSettings,
  endpoints,
  json,
  logSettings,
  outboxFields,
  outboxSettings,
  portOf,
  secret,
  secretFile,
  serverFields,
  serverSettings,
  serviceUrl,
  stateDirOf,
  tlsSettings,
  tokenFields,
  tokenSettings,
  type Endpoints,
} from './fields.ts';
export { nearest } from './nearest.ts';
export { parseNetwork } from './network.ts';
export { postgresUrls } from './postgres-url.ts';
export { telemetryFields, telemetrySettings } from './telemetry-fields.ts';
export { readConfig, readServiceConfig } from './read-config.ts';
export { SettingFile, type SettingFileOptions } from './setting-file.ts';
export { SteadyClock, type ClockSources } from '../clock/core.ts';
export { backoffMs, within, type Backoff, type WithinOptions } from '../resilience/index.ts';
