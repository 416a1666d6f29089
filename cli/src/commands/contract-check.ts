import { join } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { CannotCheck } from '../contract/check/cannot-check.ts';
import { check } from '../contract/check/check.ts';
import { exitCodeOf, formatNames, write, type Format } from '../contract/check/report.ts';
import { root } from '../workspace.ts';
import { administratorToken } from './administrator-token.ts';

interface Options {
  against?: string;
  contracts: string;
  waivers?: string;
  format: Format;
  json?: boolean;
}

/** `contract check [--against <git ref | file | url>] [--format text|json|github]`. */
export function contractCheck(self: Command): Command {
  return self
    .option(
      '--against <what>',
      'a git ref, a file with a snapshot, or the URL of a running service (default: the commit where this branch left main; on main, the commit before)',
    )
    .option('--contracts <folder>', 'the package with the contracts', join(root, 'contracts'))
    .option('--waivers <file>', 'breaks that are wanted (default: waivers.json beside the contracts)')
    .addOption(new Option('--format <name>', 'how to write the result').choices(formatNames).default('text'))
    .option('--json', 'the same as --format json')
    .addHelpText(
      'after',
      `
Ends with 0 if nothing breaks, with 1 if something does or a waiver is wrong, with 2 if the contracts could not be compared.
Rules and remedies: docs/contract-rules.md

Examples:
  npm run mesh -- contract check
  npm run mesh -- contract check --against v1.4.0 --json
  npm run mesh -- contract check --against http://localhost:5000
  npm run mesh -- contract check --against wiki.json --format github`,
    )
    .action(async ({ against, contracts, waivers, format, json }: Options, command: Command) => {
      try {
        const result = await check({ contracts, against, waivers, logIn: () => administratorToken(command) });
        console.log(write(result, json ? 'json' : format));
        process.exitCode = exitCodeOf(result);
      } catch (error) {
        if (!(error instanceof CannotCheck)) throw error;
        process.stderr.write(`${error.message}\n`);
        process.exitCode = 2;
      }
    });
}
