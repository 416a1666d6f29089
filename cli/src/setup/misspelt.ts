import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { envFileName, type Environment } from '@arcadium/mesh/config';
import { serviceNames } from '../workspace.ts';
import { readEnvExample } from './env-example.ts';
import { readServiceSettings } from './service-settings.ts';

/** How many letters may be wrong, missing, too many or swapped with their neighbour. */
const mostWrong = 2;

/**
 * Names the settings that nothing reads and that look like one that something
 * reads, in the environment files and in the environment itself.
 *
 * @returns A line each.
 */
export async function findMisspelt(root: string, environment: Environment = process.env): Promise<string[]> {
  const known = await knownSettings(root);
  const file = envFileName(environment);
  const services = serviceNames(root).map((name) => `services/${name}/${file}`);
  const places = [file, `prisma/${file}`, ...services].map(
    (path) => [path, namesIn(join(root, path))] as const,
  );
  // Most of what a process is told is not for us: there a name of one word says nothing.
  const own = Object.keys(environment).filter((name) => name.includes('_'));
  return [...places, ['the environment', own] as const].flatMap(([place, names]) =>
    names.flatMap((name) => {
      const near = known.has(name) ? undefined : nearest(name, known);
      return near === undefined ? [] : [`Unknown setting ${name} in ${place}. Did you mean ${near}?`];
    }),
  );
}

/** Every setting that is documented or that a service declares, and the same as a file's path. */
async function knownSettings(root: string): Promise<Set<string>> {
  const documented = readEnvExample(root).map(({ name }) => name);
  // A service whose config.ts cannot be read says so itself when it starts.
  const declared = await Promise.all(
    serviceNames(root).map((name) => readServiceSettings(root, name).catch(() => ({}))),
  );
  const names = [...documented, ...declared.flatMap((settings) => Object.keys(settings))];
  return new Set(names.flatMap((name) => (name.endsWith('_FILE') ? [name] : [name, `${name}_FILE`])));
}

function namesIn(path: string): string[] {
  return existsSync(path) ? Object.keys(parseEnv(readFileSync(path, 'utf8'))).toSorted() : [];
}

/** The known name that is nearest, of those that are near; short names are near to nothing. */
function nearest(name: string, known: ReadonlySet<string>): string | undefined {
  const near = [...known]
    .map((other) => ({ other, wrong: distance(name.toUpperCase(), other) }))
    .filter(({ other, wrong }) => wrong <= Math.min(mostWrong, (other.length - 2) / 3))
    .toSorted((one, two) => one.wrong - two.wrong);
  return near[0]?.other;
}

/** In how many letters two words differ, of which a swap of neighbours counts as one (optimal string alignment). */
function distance(one: string, two: string): number {
  const rows: number[][] = [Array.from({ length: two.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= one.length; row += 1) {
    rows.push([row]);
    for (let column = 1; column <= two.length; column += 1) {
      const same = one[row - 1] === two[column - 1] ? 0 : 1;
      const swapped = one[row - 1] === two[column - 2] && one[row - 2] === two[column - 1];
      rows[row]?.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + same,
          swapped ? at(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(one.length, two.length);
}
