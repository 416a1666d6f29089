import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateError } from './create-error.ts';
import { checkAppName } from './name.ts';
import { readTemplate, writeFiles } from './template.ts';

/** The folder of this package, from `src/` and from `dist/`. Not by `import.meta.dirname`, which a Node that is too old lacks. */
const packageFolder = fileURLToPath(new URL('..', import.meta.url));

/** The template of an app: two services that call each other. */
export const appTemplate = join(packageFolder, 'template');

/** Name of the app in the template. */
const templateName = 'my-app';

/** What may be in a folder that counts as empty. */
const harmless = new Set(['.git', '.DS_Store', '.idea', '.vscode', 'Thumbs.db']);

/** A created app. */
export interface CreatedApp {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  /** Paths of the files, with `/`. */
  readonly files: readonly string[];
}

/**
 * Creates an app in a folder that does not exist or is empty.
 *
 * @param options.folder Relative to the working directory, or absolute.
 * @param options.name Name of the app. @default the name of the folder
 * @throws CreateError NAME_INVALID, NOT_A_FOLDER, FOLDER_NOT_EMPTY; then nothing was written.
 *
 * @example
 * createApp({ folder: 'my-app' });
 */
export function createApp(options: { folder: string; name?: string | undefined }): CreatedApp {
  const folder = resolve(options.folder);
  const name = options.name ?? basename(folder);
  checkAppName(name);
  requireEmpty(folder);
  const files = readTemplate(appTemplate, { replace: { [templateName]: name } });
  files.set('package.json', withOwnVersion(files.get('package.json') ?? ''));
  writeFiles(folder, files);
  return { name, folder, files: [...files.keys()] };
}

/**
 * Checks that a folder can be used.
 *
 * @throws CreateError NOT_A_FOLDER, FOLDER_NOT_EMPTY.
 */
export function requireEmpty(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isDirectory())
    throw new CreateError('NOT_A_FOLDER', `${folder} is not a folder: choose another name`);
  const [first, ...more] = readdirSync(folder).filter((name) => !harmless.has(name));
  if (first === undefined) return;
  const others = more.length > 0 ? ` and ${more.length} more` : '';
  throw new CreateError(
    'FOLDER_NOT_EMPTY',
    `${folder} is not empty: it has ${first}${others}. Choose another name, or empty it first; nothing was written`,
  );
}

/** All packages of a release have one version. */
function withOwnVersion(manifest: string): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.replaceAll(/("@arcadium\/[\w-]+": )"[^"]*"/g, `$1"${version}"`);
}
