export { ConfigError } from './config-error.ts';
export { readEnvFile, readEnvironment, type Environment } from './environment.ts';
export {
  callFields,
  callSettings,
  databaseFields,
  databaseSettings,
  json,
  secret,
  serverFields,
  serviceUrl,
} from './fields.ts';
export { readConfig } from './read-config.ts';
