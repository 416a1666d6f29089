import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blocksOf } from './readme.ts';

/** A step of a guide: run commands, or write to a file. */
export type Step =
  | Readonly<{ do: 'run'; commands: string }>
  | Readonly<{ do: 'write'; path: string; place: Place | undefined; text: string }>;

/** The first line of a file that contains a text. */
type Place = Readonly<{ where: 'after' | 'instead of'; line: string }>;

/**
 * `// path`, `// path, after \`text\`` or `// path, instead of \`text\``; with `#` in languages where that
 * starts a comment.
 */
const heading = /^(?:\/\/|#) ([\w-]*[./][\w./-]+)(?:, (after|instead of) `(.+)`)?\n/;

/** The steps of a guide in order: its shell blocks, and code blocks that begin with a path. */
export function stepsOf(file: string): Step[] {
  return blocksOf(file).flatMap(({ language, text }): Step[] => {
    const [first = '', path, where, line] = heading.exec(text) ?? [];
    if (path === undefined) return language === 'sh' ? [{ do: 'run', commands: text }] : [];
    const place = where === undefined ? undefined : { where: where as Place['where'], line: line ?? '' };
    return [{ do: 'write', path, place, text: text.slice(first.length) }];
  });
}

/**
 * Writes to a file as a step says.
 *
 * @param root The folder that its path is relative to.
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
