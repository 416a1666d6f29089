import { parseArgs } from 'node:util';
import { CreateError } from './create-error.ts';

/** What `npm create arcadium` was asked for. */
export interface CommandLine {
  /** The folder to create. */
  folder: string | undefined;
  name: string | undefined;
  /** Whether nothing is asked. */
  yes: boolean;
  help: boolean;
}

/** What `--help` prints. */
export const usage = `Usage: npm create arcadium [folder] -- [options]

Creates two TypeScript services that call each other, one with a PostgreSQL database.

  folder          where to create them; it must be empty or not exist
  --name <name>   name of the app (default: the name of the folder)
  --yes           ask nothing; the default folder is my-app
  --help          print this`;

/** @throws CreateError UNKNOWN_OPTION. */
export function readCommandLine(args: readonly string[]): CommandLine {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        name: { type: 'string' },
        yes: { type: 'boolean', short: 'y', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (positionals.length > 1)
      throw new TypeError(`one folder is expected, not ${positionals.join(' and ')}`);
    return { folder: positionals[0], name: values.name, yes: values.yes, help: values.help };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CreateError('UNKNOWN_OPTION', `${reason}\n\n${usage}`, { cause });
  }
}
