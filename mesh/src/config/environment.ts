import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

/** Settings by name, as the process sees them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Gathers the settings of a process. What is set in the process itself wins
 * over the files, and a later directory over an earlier one; in each,
 * `.env.<ENVIRONMENT>` is read when ENVIRONMENT is set, else `.env`. An empty
 * value counts as not set. `<NAME>` and `<NAME>_FILE` are one setting.
 *
 * @param directories Where the files are, least specific first; a missing file is no error.
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

/** What a setting makes void where it stands farther away. */
function voidedBy(name: string): string[] {
  const setting = name.replace(/_FILE$/, '');
  // A setting and its file are two ways to say one thing: the nearer one is meant.
  const same = [setting, `${setting}_FILE`];
  // Another database, of which the farther layer knows neither the owner nor the way past a pooler.
  const others = setting === 'DATABASE_URL' ? ['DATABASE_OWNER_URL', 'DATABASE_DIRECT_URL'] : [];
  return [...same, ...others.flatMap((other) => [other, `${other}_FILE`])];
}

/**
 * `.env`, or `.env.<ENVIRONMENT>` where that is set.
 *
 * @throws Error when no file may be called that.
 */
export function envFileName({ ENVIRONMENT }: Environment): string {
  if (!ENVIRONMENT) return '.env';
  if (/^[\w-]+$/.test(ENVIRONMENT) && ENVIRONMENT !== 'example') return `.env.${ENVIRONMENT}`;
  throw new Error(
    `ENVIRONMENT cannot be "${ENVIRONMENT}": it selects the file .env.<ENVIRONMENT>; use letters, digits, _ and -, but not "example"`,
  );
}

/** Reads one file of `NAME=value` lines; nothing, if there is no such file. */
function readEnvFile(path: string): Environment {
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};
}
