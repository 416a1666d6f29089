import { join } from 'node:path';
import {
  callFields,
  ConfigError,
  endpoints,
  json,
  readConfig,
  readEnvironment,
  secretFile,
  serverFields,
  serviceUrl,
  tokenFields,
  type Endpoints,
} from '@arcadium/mesh/config';
import { jwks } from '@arcadium/mesh/identity';
import { z } from 'zod';

const flag = z
  .enum(['true', 'false'], 'must be true or false')
  .default('false')
  .transform((text) => text === 'true');
/** Several, so that senders can change to the next one. */
const tokens = z
  .string()
  .transform((text) => text.split(',').map((one) => one.trim()))
  .refine((all) => all.every(({ length }) => length >= 16), 'must have at least 16 characters');
const address = z.email('must be an email address');

/** The settings of this service. */
export const settings = {
  ...serverFields,
  ...callFields,
  DASHBOARD_SERVICE_URL: serviceUrl('http://localhost:8080'),
  PUBLIC_KEYS: json(jwks),
  PUBLIC_KEYS_FILE: secretFile,
  ...tokenFields,
  AUTH_SERVICE_URL: serviceUrl('http://localhost:8000'),
  NOTIFICATION_SERVICE_URL: serviceUrl('http://localhost:8006'),
  WIKI_SERVICE_URL: serviceUrl('http://localhost:5000'),
  /** Whether everyone may read; otherwise only administrators. */
  PUBLIC_VIEW: flag,
  /** Who may make calls through the explorer: administrators, or everyone. `open` is for development. */
  EXPLORER: z.enum(['admin', 'open'], 'must be admin or open').default('admin'),
  /** Interval of the checks of each replica, in milliseconds. */
  CHECK_INTERVAL_MS: z.coerce.number('must be a number').int().min(500).max(60_000).default(2000),
  /** File of the history. @default `history.sqlite` in the state directory */
  HISTORY_FILE: z.string().min(1).optional(),
  /** Address and port that receive traces and logs over OTLP/HTTP. */
  OTLP_HOST: z.string().default('127.0.0.1'),
  OTLP_PORT: z.coerce.number('must be a number').int().min(0).max(65_535).default(4318),
  /** What senders of traces and logs must present as a bearer token: one of these, separated by commas. @default nothing: anyone who reaches the port may send */
  OTLP_TOKEN: tokens.optional(),
  OTLP_TOKEN_FILE: secretFile,
  /** Gets a POST with JSON when an incident opens or closes. It may contain a secret. */
  ALERT_WEBHOOK_URL: z.url({ protocol: /^https?$/, error: 'must be http://… or https://…' }).optional(),
  ALERT_WEBHOOK_URL_FILE: secretFile,
  /** Gets an email when an incident opens or closes; needs `SMTP_URL`. */
  ALERT_EMAIL_TO: address.optional(),
  ALERT_EMAIL_FROM: address.default('dashboard@arcadium.localhost'),
  /** Mail server, such as `smtps://user:password@host:465`. */
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be smtp://user:password@host:port' }).optional(),
  SMTP_URL_FILE: secretFile,
};

export type Config = ReturnType<typeof loadConfig>;

/** @throws ConfigError with all invalid settings. */
export function loadConfig() {
  const source = import.meta.dirname;
  const environment = readEnvironment([join(source, '../../..'), join(source, '..')]);
  const names = watchedNames(Object.keys(environment));
  const urls = Object.fromEntries(names.map((name) => [urlSetting(name), endpoints]));
  const config = readConfig({ ...urls, ...settings }, environment);
  if (config.ALERT_EMAIL_TO !== undefined && config.SMTP_URL === undefined)
    throw new ConfigError(['SMTP_URL: is not set, but ALERT_EMAIL_TO is']);
  const watched = new Map(names.map((name) => [name, watchedUrls(config, name)]));
  return { ...config, watched };
}

const own = ['auth', 'dashboard', 'notification', 'wiki'];

/** This repository's services, and every other one with a setting `<NAME>_SERVICE_URL`. */
function watchedNames(settingNames: readonly string[]): string[] {
  const others = settingNames.flatMap((setting) => {
    const [, name] = /^([A-Z][A-Z\d_]{0,62})_SERVICE_URL$/.exec(setting) ?? [];
    return name === undefined ? [] : [name.toLowerCase().replaceAll('_', '-')];
  });
  return [...new Set([...own, ...others])].toSorted();
}

function urlSetting(name: string): string {
  return `${name.toUpperCase().replaceAll('-', '_')}_SERVICE_URL`;
}

function watchedUrls(config: Readonly<Record<string, unknown>>, name: string): Endpoints {
  return config[urlSetting(name)] as Endpoints;
}
