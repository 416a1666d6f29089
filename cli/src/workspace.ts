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

/** A checkout, and the environment that its processes start with. */
export interface Checkout {
  readonly root: string;
  readonly environment: Environment;
}

/** The one that this program is part of. */
export const thisCheckout: Checkout = { root, environment: process.env };

/** The names of the services: every folder of `services/` that is a package. */
export function serviceNames(within: string = root): string[] {
  const folder = join(within, 'services');
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
 * The addresses of the services, by name; a service without a setting is left out.
 *
 * @throws ConfigError with all that are not URLs.
 */
export function serviceUrls(checkout: Checkout = thisCheckout): ReadonlyMap<string, Endpoints> {
  const settings = settingsIn(checkout);
  const names = serviceNames(checkout.root).filter((name) => settings[urlSetting(name)] !== undefined);
  const fields = Object.fromEntries(names.map((name) => [urlSetting(name), endpoints]));
  const urls = readConfig(fields, settings);
  return new Map(names.map((name) => [name, urls[urlSetting(name)] as Endpoints]));
}

/** The port where the dashboard takes traces and logs. */
export function otlpPort(checkout: Checkout = thisCheckout): number {
  const { OTLP_PORT = '4318' } = settingsIn(checkout, 'services/dashboard');
  return Number(OTLP_PORT);
}
