import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blocksOf } from './readme.ts';

/** One thing that a guide tells its reader to do: run commands, or write into a file. */
export type Step =
  | Readonly<{ do: 'run'; commands: string }>
  | Readonly<{ do: 'write'; path: string; place: Place | undefined; text: string }>;

/** Where in a file: at the first line that holds a text. */
type Place = Readonly<{ where: 'after' | 'instead of'; line: string }>;

/** `// path`, `// path, after \`text\`` or `// path, instead of \`text\``; `#` where that begins a comment. */
const heading = /^(?:\/\/|#) ([\w-]*[./][\w./-]+)(?:, (after|instead of) `(.+)`)?\n/;

/** The steps of a guide, in its order: its blocks of shell, and those of code that begin with a path. */
export function stepsOf(file: string): Step[] {
  return blocksOf(file).flatMap(({ language, text }): Step[] => {
    const [first = '', path, where, line] = heading.exec(text) ?? [];
    if (path === undefined) return language === 'sh' ? [{ do: 'run', commands: text }] : [];
    const place = where === undefined ? undefined : { where: where as Place['where'], line: line ?? '' };
    return [{ do: 'write', path, place, text: text.slice(first.length) }];
  });
}

/**
 * Writes into a file as a step says.
 *
 * @param root The folder that its path begins in.
 * @throws Error if the file has no line that the step names.
 */
export function write(root: string, { path, place, text }: Extract<Step, { do: 'write' }>): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  if (!place) return writeFileSync(file, text);
  const lines = readFileSync(file, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes(place.line));
  if (at === -1) throw new Error(`${path} has no line with \`${place.line}\``);
  lines.splice(place.where === 'after' ? at + 1 : at, place.where === 'after' ? 0 : 1, text.trimEnd());
  writeFileSync(file, lines.join('\n'));
}
