import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  endpoints,
  readConfig,
  readEnvironment,
  type Endpoints,
  type Environment,
} from '@arcadium/mesh/config';

export const root = join(import.meta.dirname, '..', '..');

/** Whether this runs in a checkout, and not in the published package: most settings are then in files. */
export const inCheckout = existsSync(join(root, 'cli', 'src', 'mesh.ts'));

/** How the command is started here, for messages. */
export const program = inCheckout ? 'npm run mesh --' : 'mesh';

/** A checkout, and the environment that its processes start with. */
export interface Checkout {
  readonly root: string;
  readonly environment: Environment;
}

/** The one that this program is part of. */
export const thisCheckout: Checkout = { root, environment: process.env };

/** The names of the services: every folder of `services/` that is a package; none outside of a checkout. */
export function serviceNames(within: string = root): string[] {
  const folder = join(within, 'services');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'package.json')))
    .toSorted();
}

/** The setting with the address of a service, such as `AUTH_SERVICE_URL`. */
export function urlSetting(service: string): string {
  return `${service.toUpperCase().replaceAll('-', '_')}_SERVICE_URL`;
}

/**
 * The settings that a process started here would have: from the environment, from the repository's `.env`,
 * and from those of the given folders.
 *
 * @param folders Such as `services/auth`.
 */
export function settingsOf(...folders: string[]): Environment {
  return settingsIn(thisCheckout, ...folders);
}

/** The same in any checkout. */
export function settingsIn(checkout: Checkout, ...folders: string[]): Environment {
  const { root: top, environment } = checkout;
  return readEnvironment([top, ...folders.map((folder) => join(top, folder))], environment);
}

/**
 * The addresses of the services, by name: of each setting `<NAME>_SERVICE_URL`.
 *
 * @throws ConfigError with all that are not URLs.
 */
export function serviceUrls(checkout: Checkout = thisCheckout): ReadonlyMap<string, Endpoints> {
  const settings = settingsIn(checkout);
  const names = Object.keys(settings).flatMap((setting) => {
    const [, name] = /^([A-Z][A-Z\d_]{0,62})_SERVICE_URL$/.exec(setting) ?? [];
    return name === undefined ? [] : [name.toLowerCase().replaceAll('_', '-')];
  });
  const fields = Object.fromEntries(names.map((name) => [urlSetting(name), endpoints]));
  const urls = readConfig(fields, settings);
  return new Map(names.toSorted().map((name) => [name, urls[urlSetting(name)] as Endpoints]));
}

/** @throws Error with a message for the terminal, when the address is not known. */
export function urlOf(service: string): Endpoints {
  const url = serviceUrls().get(service);
  if (url) return url;
  throw new Error(`The address of ${service} is not known: ${howToTell(urlSetting(service))}`);
}

/** The addresses of all services. @throws Error with a message for the terminal, when none is known. */
export function everyServiceUrl(): ReadonlyMap<string, Endpoints> {
  const urls = serviceUrls();
  if (urls.size > 0) return urls;
  throw new Error(`The address of no service is known: ${howToTell('<NAME>_SERVICE_URL')}`);
}

function howToTell(setting: string): string {
  return `set ${setting}, give --url, ${inCheckout ? 'or run "npm run setup"' : 'or run this in a checkout'}`;
}

/** The port where the dashboard takes traces and logs. */
export function otlpPort(checkout: Checkout = thisCheckout): number {
  const { OTLP_PORT = '4318' } = settingsIn(checkout, 'services/dashboard');
  return Number(OTLP_PORT);
}
