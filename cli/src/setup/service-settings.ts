import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import { urlSetting } from '../workspace.ts';

/** Schemas of settings, by name. */
export type ServiceSettings = Readonly<
  Record<string, z.ZodType<string | number | readonly string[] | undefined>>
>;

/**
 * The settings that a service declares in its `src/config.ts`; none if the file does not exist, as in a new
 * folder.
 *
 * @throws Error with the file, if it cannot be read.
 */
export async function readServiceSettings(root: string, service: string): Promise<ServiceSettings> {
  const path = join(root, 'services', service, 'src', 'config.ts');
  if (!existsSync(path)) return {};
  try {
    const { settings = {} } = (await import(pathToFileURL(path).href)) as { settings?: ServiceSettings };
    return settings;
  } catch (cause) {
    throw new Error(
      `services/${service}/src/config.ts cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** The default of a service's own URL in its `config.ts`, if it has one. */
export async function defaultUrl(root: string, service: string): Promise<string | undefined> {
  const settings = await readServiceSettings(root, service);
  const fallback = settings[urlSetting(service)]?.safeParse(undefined).data;
  return Array.isArray(fallback) ? fallback.join(',') : undefined;
}

/** Whether a service reads DATABASE_URL; a new folder without settings will. */
export async function hasDatabase(root: string, service: string): Promise<boolean> {
  const settings = await readServiceSettings(root, service);
  return Object.keys(settings).length === 0 || 'DATABASE_URL' in settings;
}
