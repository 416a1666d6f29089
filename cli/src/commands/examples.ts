import type { Command } from 'commander';
import { program } from '../workspace.ts';

/** Adds examples to the help of a command. @param lines What follows the name of the program. */
export function examples(self: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? 'Example:' : 'Examples:';
  return self.addHelpText('after', ['', title, ...lines.map((line) => `  ${program} ${line}`)].join('\n'));
}
