import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

/** Prints one complete line, so that output of several processes does not mix. */
export type PrintLine = (line: string) => void;

/** Prints the output of a process line by line, each with the name of the process. */
export function printLines(name: string, output: Readable, print: PrintLine): void {
  createInterface({ input: output, crlfDelay: Infinity }).on('line', (line) => {
    print(line === '' || isNamed(name, line) ? line : `${name}: ${line}`);
  });
}

/**
 * Whether a line already names its process, as log lines do: one of its first words is the name, or it is
 * JSON with the name.
 */
function isNamed(name: string, line: string): boolean {
  if (line.startsWith('{')) return line.includes(`"service":"${name}"`);
  const words = stripVTControlCharacters(line).split(/\s+/, 4);
  return words.some((word) => word.replaceAll(/^[[(]|[\]):]+$/g, '') === name);
}
