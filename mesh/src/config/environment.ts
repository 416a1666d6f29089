import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** Settings by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings of a process. The process's own environment overrides the
 * files, and a later directory overrides an earlier one. In each directory,
 * `.env.<ENVIRONMENT>` is read if ENVIRONMENT is set, else `.env`. An empty
 * value counts as not set. `<NAME>` and `<NAME>_FILE` are one setting.
 *
 * @param directories Directories of the files, least specific first; a missing file is ignored.
 * @throws Error if ENVIRONMENT is not a valid part of a file name.
 *
 * @example
 * const config = readConfig({ API_KEY: secret }, readEnvironment(['.', 'shop']));
 */
export function readEnvironment(
  directories: readonly string[],
  own: Environment = process.env,
): Record<string, string> {
  const file = envFileName(own);
  const layers = [...directories.map((directory) => readEnvFile(join(directory, file))), own];
  const settings: Record<string, string> = {};
  for (const layer of layers) {
    const set = Object.entries(layer).filter(([, value]) => value !== undefined && value !== '');
    for (const [name] of set) for (const voided of voidedBy(name)) delete settings[voided];
    Object.assign(settings, Object.fromEntries(set));
  }
  return settings;
}

/** The settings of earlier layers that a setting removes. */
function voidedBy(name: string): string[] {
  const setting = name.replace(/_FILE$/, '');
  const same = [setting, `${setting}_FILE`];
  // The URLs of an earlier layer lead to another database.
  const others = setting === 'DATABASE_URL' ? ['DATABASE_OWNER_URL', 'DATABASE_DIRECT_URL'] : [];
  return [...same, ...others.flatMap((other) => [other, `${other}_FILE`])];
}

/**
 * `.env.<ENVIRONMENT>` if ENVIRONMENT is set, else `.env`.
 *
 * @throws Error if ENVIRONMENT is not a valid part of a file name.
 *
 * @example
 * envFileName({ ENVIRONMENT: 'staging' }); // '.env.staging'
 */
export function envFileName({ ENVIRONMENT }: Environment): string {
  if (!ENVIRONMENT) return '.env';
  if (/^[\w-]+$/.test(ENVIRONMENT) && ENVIRONMENT !== 'example') return `.env.${ENVIRONMENT}`;
  throw new Error(
    `ENVIRONMENT cannot be "${ENVIRONMENT}": it selects the file .env.<ENVIRONMENT>; use letters, digits, _ and -, but not "example"`,
  );
}

/** Reads a file of `NAME=value` lines; a missing file is empty. */
function readEnvFile(path: string): Environment {
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
}
