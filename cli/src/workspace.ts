import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  endpoints,
  readConfig,
  readEnvironment,
  type Endpoints,
  type Environment,
} from '@arcadium/mesh/config';

/** The repository. */
export const root = join(import.meta.dirname, '..', '..');

/** The names of the services: every folder of `services/` that is a package. */
export function serviceNames(within: string = root): string[] {
  const folder = join(within, 'services');
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'package.json')))
    .toSorted();
}

/** The setting that says where a service is, as `AUTH_SERVICE_URL`. */
export function urlSetting(service: string): string {
  return `${service.toUpperCase().replaceAll('-', '_')}_SERVICE_URL`;
}

/**
 * What a process started here would be told: by its environment, by `.env` of
 * the repository and by that of the folders named.
 *
 * @param folders As `services/auth`.
 */
export function settingsOf(...folders: string[]): Environment {
  return readEnvironment([root, ...folders.map((folder) => join(root, folder))]);
}

/**
 * Where each service is, by name; a service without a setting of its own is left out.
 *
 * @throws ConfigError with all that are no URLs.
 */
export function serviceUrls(): ReadonlyMap<string, Endpoints> {
  const settings = settingsOf();
  const names = serviceNames().filter((name) => settings[urlSetting(name)] !== undefined);
  const fields = Object.fromEntries(names.map((name) => [urlSetting(name), endpoints]));
  const urls = readConfig(fields, settings);
  return new Map(names.map((name) => [name, urls[urlSetting(name)] as Endpoints]));
}
