import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readEnvFile, type Environment } from '@arcadium/mesh/config';

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
 * Where each service is, by name, as `.env` and the environment say; a service
 * without a setting of its own is left out.
 */
export function serviceUrls(environment: Environment = process.env): ReadonlyMap<string, string> {
  const shared = readEnvFile(join(root, '.env'));
  return new Map(
    serviceNames().flatMap((name) => {
      const url = environment[urlSetting(name)] ?? shared[urlSetting(name)];
      return url === undefined || url === '' ? [] : [[name, url] as const];
    }),
  );
}
