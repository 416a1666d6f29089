import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** Settings by name, as the process sees them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Gathers the settings of a process. What is set in the process itself wins
 * over the files, and a later directory over an earlier one; in each,
 * `.env.<ENVIRONMENT>` is read when ENVIRONMENT is set, else `.env`. An empty
 * value counts as not set.
 *
 * @param directories Where the files are, least specific first; a missing file is no error.
 */
export function readEnvironment(
  directories: readonly string[],
  own: Environment = process.env,
): Record<string, string> {
  const file = own['ENVIRONMENT'] ? `.env.${own['ENVIRONMENT']}` : '.env';
  const layers = [...directories.map((directory) => readEnvFile(join(directory, file))), own];
  const settings: Record<string, string> = {};
  for (const [name, value] of layers.flatMap((layer) => Object.entries(layer))) {
    if (value !== undefined && value !== '') settings[name] = value;
  }
  return settings;
}

/** Reads one file of `NAME=value` lines; nothing, if there is no such file. */
export function readEnvFile(path: string): Environment {
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
}
