import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** How a template becomes files. */
export interface Rendering {
  /** Texts to replace in contents and paths, by the text that the template has. At one place, the longest wins. */
  replace: Readonly<Record<string, string>>;
  /** Regions to leave out: from a line with `region: <name>` to one with `endregion: <name>`. @default all are kept */
  without?: readonly string[];
  /** Where a file goes, by its path with `/`; `undefined` leaves it out. @default where it is in the template */
  place?: (path: string) => string | undefined;
}

/** Files of a template that are packed under other names, because npm and other tools would read them. */
const packedAs: Readonly<Record<string, string>> = {
  _gitignore: '.gitignore',
  _dockerignore: '.dockerignore',
  '_package.json': 'package.json',
};

/** What a run of the template itself leaves. */
const leftovers = new Set(['node_modules', '.data', '.env', 'package-lock.json']);

/**
 * Reads a template: a folder of files that run as they are.
 *
 * @returns The contents by path, with `/`.
 *
 * @example
 * const files = readTemplate(appTemplate, { replace: { 'my-app': 'shop' } });
 */
export function readTemplate(folder: string, rendering: Rendering): Map<string, string> {
  const { replace, without, place = (path) => path } = rendering;
  const files = new Map<string, string>();
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((found) => found.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const parts = relative(folder, path).split(sep);
    if (parts.some((part) => leftovers.has(part))) continue;
    const placed = place(parts.map((part) => packedAs[part] ?? part).join('/'));
    if (placed === undefined) continue;
    const text = withoutRegions(readFileSync(path, 'utf8'), without);
    files.set(replaceAll(placed, replace), replaceAll(text, replace));
  }
  return files;
}

/** Writes files below a folder, which is created. */
export function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  for (const [path, content] of files) {
    const file = join(folder, ...path.split('/'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/** The lines that begin and end a region, in any syntax of comments. */
const marker = /^\s*(?:\/\/|#|--|<!--)\s*(end)?region: ([\w-]+)\b.*\n/;

/** Removes the regions that are not wanted, and the marker lines of all others. */
function withoutRegions(text: string, without: readonly string[] = []): string {
  let left: string | undefined;
  return (text.match(/[^\n]*\n|[^\n]+$/g) ?? [])
    .filter((line) => {
      const [mark, end, name = ''] = marker.exec(line) ?? [];
      if (mark === undefined) return left === undefined;
      if (left === undefined && !end && without.includes(name)) left = name;
      else if (end && left === name) left = undefined;
      return false;
    })
    .join('');
}

function replaceAll(text: string, replace: Readonly<Record<string, string>>): string {
  const names = Object.keys(replace).toSorted((a, b) => b.length - a.length);
  if (names.length === 0) return text;
  // At once, so that what was put in is not replaced again.
  const pattern = new RegExp(names.map(escape).join('|'), 'g');
  return text.replaceAll(pattern, (found) => replace[found] ?? found);
}

/** `RegExp.escape`, which Node 22 does not have. */
function escape(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}
