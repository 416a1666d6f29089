import { parseArgs } from 'node:util';

import { ConfigError, databaseFields, readConfig, readEnvironment } from '@arcadium/mesh/config';

import { describeDatabaseError } from '../database/database-errors.ts';
import { migrateTables } from '../tables/migrate-tables.ts';
import { tablesSql, tablesVersion } from '../tables/migrations.ts';

/** The help text. */
export const usage = `Usage: arcadium-postgres migrate [options]

Creates the tables of @arcadium/postgres (idempotency keys, outbox) in your database, or upgrades them. It changes
nothing else, may be run at every start, and by several processes at once.

The database is DATABASE_OWNER_URL, or else DATABASE_URL (postgres://role:password@host:port/database), from the
environment or a file (DATABASE_URL_FILE). The role must be allowed to create tables in the schema.

Options:
  --schema <name>    schema of the tables; it is created if it does not exist (default: arcadium)
  --grant-to <role>  give a role the rights that a service needs: to read and write rows of the tables
  --dry-run          print the SQL that would be executed, and change nothing
  --print            print the SQL for another migration tool, without a database
  --from <version>   with --print: only what comes after this version (default: 0)
  --help             print this text`;

const options = {
  schema: { type: 'string', default: 'arcadium' },
  'grant-to': { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  print: { type: 'boolean', default: false },
  from: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Where a command writes. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** Runs the command. @returns Its exit code: 0, 1 if it failed, 2 if it was called in a wrong way. */
export async function runCommand(args: readonly string[], { out, err }: Output): Promise<0 | 1 | 2> {
  let given;
  try {
    given = read(args);
  } catch (error) {
    err(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  try {
    out(given.help ? usage : await migrate(given));
    return 0;
  } catch (error) {
    err(`Failed: ${error instanceof ConfigError ? String(error) : describeDatabaseError(error)}`);
    return 1;
  }
}

type Given = ReturnType<typeof read>;

/** @throws Error for arguments that make no sense. */
function read(args: readonly string[]) {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const { from, ...others } = values;
  if (!values.help && (positionals.length !== 1 || positionals[0] !== 'migrate'))
    throw new Error(`Unknown command "${positionals.join(' ')}": the only one is migrate`);
  if (from !== undefined && !(values.print && /^\d+$/.test(from) && Number(from) <= tablesVersion))
    throw new Error(`--from takes a version from 0 to ${tablesVersion}, together with --print`);
  return { ...others, from: Number(from ?? 0), grantTo: values['grant-to'] };
}

async function migrate({ schema, grantTo, print, from, 'dry-run': dryRun }: Given): Promise<string> {
  const granted = grantTo === undefined ? {} : { grantTo };
  if (print) return tablesSql({ schema, from, ...granted });
  const { DATABASE_URL, DATABASE_OWNER_URL } = readConfig(
    {
      DATABASE_URL: databaseFields.DATABASE_URL.optional(),
      DATABASE_OWNER_URL: databaseFields.DATABASE_OWNER_URL,
    },
    readEnvironment([]),
  );
  const url = DATABASE_OWNER_URL ?? DATABASE_URL;
  if (url === undefined)
    throw new Error('set DATABASE_URL, such as postgres://role:password@localhost:5432/shop');
  const result = await migrateTables({ url, schema, dryRun, ...granted });
  if (dryRun) return result.sql || `-- version ${result.from}: nothing to do`;
  return result.from === result.to
    ? `The tables in the schema "${schema}" have version ${result.to}: nothing to do.`
    : `Upgraded the tables in the schema "${schema}" from version ${result.from} to ${result.to}.`;
}
