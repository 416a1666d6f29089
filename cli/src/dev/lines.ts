import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

/** Prints a line, whole: lines of several processes never mix. */
export type PrintLine = (line: string) => void;

/** Prints what a process writes, line by line, each with the name of the process in it. */
export function printLines(name: string, output: Readable, print: PrintLine): void {
  createInterface({ input: output, crlfDelay: Infinity }).on('line', (line) => {
    print(line === '' || isNamed(name, line) ? line : `${name}: ${line}`);
  });
}

/** Whether a line says by itself whose it is, as log lines do: one of its first words is the name, or it is JSON that names it. */
function isNamed(name: string, line: string): boolean {
  if (line.startsWith('{')) return line.includes(`"service":"${name}"`);
  const words = stripVTControlCharacters(line).split(/\s+/, 4);
  return words.some((word) => word.replaceAll(/^[[(]|[\]):]+$/g, '') === name);
}
