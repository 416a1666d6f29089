import { builtinModules } from 'node:module';
import { CreateError } from './create-error.ts';

/** Longest name of a package (npm). */
const longestName = 214;

/** Names that Windows keeps for devices. */
const devices = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/** Names that a package cannot have (npm), in lower case. */
const reserved = new Set(['node_modules', 'favicon.ico', 'package.json', ...builtinModules]);

/**
 * Checks the name of an app, which becomes that of its package, of its containers and the issuer of its tokens.
 *
 * @throws CreateError NAME_INVALID, with a name that would do.
 *
 * @example
 * checkAppName('my-app');
 */
export function checkAppName(name: string): void {
  const problem = problemOf(name);
  if (problem === undefined) return;
  const near = nearestName(name);
  throw new CreateError(
    'NAME_INVALID',
    `"${name}" cannot be the name of an app: ${problem}.${near ? ` Try "${near}", for example with --name ${near}.` : ''}`,
  );
}

/**
 * Checks the name of a service: it is part of setting names, of identifiers, of a folder and of an SQL schema.
 *
 * @throws CreateError NAME_INVALID.
 *
 * @example
 * checkServiceName('invoices');
 */
export function checkServiceName(name: string): void {
  if (/^[a-z][a-z0-9]{0,39}$/.test(name) && !reserved.has(name)) return;
  throw new CreateError(
    'NAME_INVALID',
    `"${name}" cannot be the name of a service: use lower-case letters and digits, beginning with a letter, at most 40, such as "invoices"`,
  );
}

function problemOf(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > longestName) return `it has ${name.length} characters, and ${longestName} are allowed`;
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name))
    return 'use lower-case letters, digits, hyphens, dots and underscores, beginning with a letter or a digit';
  if (name.endsWith('.') || devices.test(name)) return 'Windows cannot have a folder of this name';
  if (reserved.has(name)) return 'it is reserved';
  return undefined;
}

/** A valid name that looks alike, if there is one. */
function nearestName(name: string): string | undefined {
  const near = name
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, longestName);
  return problemOf(near) === undefined ? near : undefined;
}
