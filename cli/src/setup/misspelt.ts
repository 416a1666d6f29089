import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { envFileName, nearest, type Environment } from '@arcadium/mesh/config';
import { serviceNames } from '../workspace.ts';
import { readEnvExample } from './env-example.ts';
import { readServiceSettings } from './service-settings.ts';

/** Names of OpenSSL, which Node reads, that are near one of ours. */
const others = ['SSL_CERT_FILE'];

/**
 * Finds settings that nothing reads and that look like a known one, in the settings files and in the
 * environment.
 *
 * @returns One line for each.
 */
export async function findMisspelt(root: string, environment: Environment = process.env): Promise<string[]> {
  const known = await knownSettings(root);
  const file = envFileName(environment);
  const services = serviceNames(root).map((name) => `services/${name}/${file}`);
  const places = [file, `prisma/${file}`, ...services].map(
    (path) => [path, namesIn(join(root, path))] as const,
  );
  // Most environment variables are not for us, so names of a single word are ignored.
  const own = Object.keys(environment).filter((name) => name.includes('_') && !others.includes(name));
  return [...places, ['the environment', own] as const].flatMap(([place, names]) =>
    names.flatMap((name) => {
      const near = known.has(name) ? undefined : nearest(name, known);
      return near === undefined ? [] : [`Unknown setting ${name} in ${place}. Did you mean ${near}?`];
    }),
  );
}

/** Every documented or declared setting, and its `_FILE` variant. */
async function knownSettings(root: string): Promise<Set<string>> {
  const documented = readEnvExample(root).map(({ name }) => name);
  // A service whose config.ts cannot be read reports that itself at start.
  const declared = await Promise.all(
    serviceNames(root).map((name) => readServiceSettings(root, name).catch(() => ({}))),
  );
  const names = [...documented, ...declared.flatMap((settings) => Object.keys(settings))];
  return new Set(names.flatMap((name) => (name.endsWith('_FILE') ? [name] : [name, `${name}_FILE`])));
}

function namesIn(path: string): string[] {
  return existsSync(path) ? Object.keys(parseEnv(readFileSync(path, 'utf8'))).toSorted() : [];
}
