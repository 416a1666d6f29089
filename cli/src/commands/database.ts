import { join } from 'node:path';
import { databaseFields, migrationSettings, readConfig, type Environment } from '@arcadium/mesh/config';
import { servicesWithSchema } from '@arcadium/prisma/folders';
import { root, settingsOf } from '../workspace.ts';
import { noSuch } from './choices.ts';

/** Where backups are unless told otherwise. */
export const backupFolder = join(root, '.data', 'backups');

/**
 * The database of a service here: from its own settings or, where one process is for all services, from
 * `<SERVICE>_DATABASE_URL` and `<SERVICE>_DATABASE_OWNER_URL`.
 *
 * @throws Error with the known names; ConfigError if the settings have no database.
 */
export function databaseOf(service: string) {
  mustHaveSchema(service);
  const settings = settingsOf(join('services', service));
  const prefix = `${service.toUpperCase().replaceAll('-', '_')}_DATABASE_`;
  const given = Object.keys(settings).filter((name) => name.startsWith(prefix));
  const own = given.map((name) => [name.slice(prefix.length - 'DATABASE_'.length), settings[name]] as const);
  return databaseUrls(own.length > 0 ? Object.fromEntries(own) : settings);
}

/** The URLs of the database that settings name. @throws ConfigError if there are none, or they are wrong. */
export function databaseUrls(settings: Environment) {
  const config = readConfig(databaseFields, settings);
  const { url, trafficUrl, directUrl } = migrationSettings(config);
  // A command ends before a file of a setting changes.
  const now = (one: string | (() => string)) => (typeof one === 'function' ? one() : one);
  return { url: now(url), trafficUrl: now(trafficUrl), directUrl: directUrl && now(directUrl) };
}

/** @throws Error with the known names. */
export function mustHaveSchema(service: string): void {
  const choices = servicesWithSchema();
  if (!choices.includes(service)) throw noSuch('service with a database', service, { choices });
}
