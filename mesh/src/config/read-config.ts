import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { readEnvironment, type Environment } from './environment.ts';

/**
 * Reads a typed configuration from the environment. If `<NAME>` is not set,
 * its value is read from the file that `<NAME>_FILE` names. If both are fields,
 * `<NAME>_FILE` is the path of the file that was read.
 *
 * @param fields A schema for each setting, by its name in the environment.
 * @throws ConfigError with all problems: name and reason, never the value, which may be a secret.
 *
 * @example
 * const { PORT } = readConfig({ PORT: z.coerce.number().default(3000) }, process.env);
 */
export function readConfig<Fields extends z.ZodRawShape>(
  fields: Fields,
  environment: Environment,
): z.output<z.ZodObject<Fields>> {
  const problems: string[] = [];
  const settings = Object.fromEntries(
    Object.keys(fields).map((name) => [
      name,
      isUnread(name, fields, environment)
        ? undefined
        : (environment[name] ?? readSecretFile(name, environment, problems)),
    ]),
  );
  const parsed = z.object(fields).safeParse(settings);
  if (parsed.success && problems.length === 0) return parsed.data;
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    // One line per setting: its file may already have one.
    if (problems.some((problem) => problem.startsWith(`${name}:`) || problem.startsWith(`${name}_FILE:`)))
      continue;
    problems.push(`${name}: ${settings[name] === undefined ? 'is not set' : issue.message}`);
  }
  throw new ConfigError(problems);
}

/**
 * Reads the configuration of a service from the environment, its own `.env`
 * and the repository's `.env`, in this order of precedence.
 *
 * @param source The folder `services/<name>/src`.
 * @throws ConfigError with all problems.
 *
 * @example
 * export function loadConfig() {
 *   return readServiceConfig({ ...serverFields, ...databaseFields }, import.meta.dirname);
 * }
 */
export function readServiceConfig<Fields extends z.ZodRawShape>(
  fields: Fields,
  source: string,
): z.output<z.ZodObject<Fields>> {
  return readConfig(fields, readEnvironment([join(source, '../../..'), join(source, '..')]));
}

/** Whether it names a file that is not read because the setting itself is set. */
function isUnread(name: string, fields: z.ZodRawShape, environment: Environment): boolean {
  const setting = name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : name;
  return setting !== name && Object.hasOwn(fields, setting) && environment[setting] !== undefined;
}

function readSecretFile(name: string, environment: Environment, problems: string[]): string | undefined {
  const path = environment[`${name}_FILE`];
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch (error) {
    problems.push(
      `${name}_FILE: cannot read ${path} (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
    );
    return undefined;
  }
}
