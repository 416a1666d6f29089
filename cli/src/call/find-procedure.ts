import type { ProcedureDescription } from '@arcadium/mesh/contract';
import { nearest } from '@arcadium/mesh/config';
import { noSuch } from '../commands/choices.ts';
import type { DescribedService } from './described-service.ts';

/**
 * Finds what a name such as `pages.get` stands for in a service.
 *
 * @param path Empty, a group or a procedure.
 * @returns The procedure, or those that the name is the beginning of.
 * @throws Error that offers the nearest name, or lists what there is.
 */
export function findProcedure(
  { name, procedures }: DescribedService,
  path: string,
): ProcedureDescription | readonly ProcedureDescription[] {
  const exact = procedures.find((one) => one.path === path);
  if (exact) return exact;
  const within = procedures.filter((one) => path === '' || one.path.startsWith(`${path}.`));
  if (within.length > 0) return within;
  const paths = procedures.map((one) => one.path);
  const near = nearest(path, paths) ?? nearGroup(path, paths);
  const group = paths.filter((one) => one.split('.')[0] === path.split('.')[0]);
  throw noSuch(`procedure of ${name}`, path, {
    choices: group.length > 0 ? group : paths,
    ...(near !== undefined && { advice: `Did you mean ${name}.${near}?` }),
  });
}

/** A name whose group alone is misspelt, such as `page.get`. */
function nearGroup(path: string, paths: readonly string[]): string | undefined {
  const [group = '', ...rest] = path.split('.');
  const near = nearest(group, new Set(paths.map((one) => one.split('.')[0] ?? '')));
  const whole = near === undefined ? undefined : [near, ...rest].join('.');
  return whole !== undefined && paths.includes(whole) ? whole : undefined;
}
